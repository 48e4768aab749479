// Pictures in the browser: decoded, made smaller where the service would not take them, cut out.

const MOST_BYTES = 9_500_000; // a request may have 10 MB, form and all
const MOST_PIXELS = 25_000_000; // of a picture that the service decodes
const SIDE = 3000; // pixels of the longer side of what was made smaller
const QUALITY = 0.92;

/** { blob, name, bitmap, smaller }: `bitmap` null where this browser cannot show it, `smaller` where it was changed. */
export async function prepared(file, most = MOST_BYTES) {
  const name = file.name || "picture.png";
  const bitmap = await bitmapOf(file);
  const large = bitmap && (file.size > most || bitmap.width * bitmap.height > MOST_PIXELS);
  if (!large) return { blob: file, name, bitmap, smaller: null };
  const blob = await shrunk(bitmap);
  return { blob, name, bitmap: await bitmapOf(blob), smaller: { from: file.size, to: blob.size } };
}

/** Whether a file must be opened before it is sent. */
export const tooLarge = (file) => file.size > MOST_BYTES;

/** Upright; null where the browser cannot decode it. */
export async function bitmapOf(blob) {
  try {
    return await createImageBitmap(blob);
  } catch {
    return null; // HEIC, a broken file: the service will say what it is
  }
}

const shrunk = (bitmap) =>
  drawn(
    bitmap,
    [0, 0, bitmap.width, bitmap.height],
    Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height)),
    "image/jpeg",
  );

/** The region [x, y, width, height] of a picture, lossless. */
export const cut = (bitmap, box) => drawn(bitmap, box, 1, "image/png");

async function drawn(bitmap, [x, y, width, height], scale, type) {
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // as the service does with what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, x, y, width, height, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type, quality: QUALITY });
}

/** [x, y, width, height] of "x,y,w,h" within a picture, or null. */
export function boxOf(text, bitmap) {
  const box = text.split(",").map(Number);
  if (!text || box.length !== 4 || box.some((one) => !Number.isInteger(one)) || !bitmap) return null;
  return box;
}

const MEGABYTE = 1e6;

/** Bytes as people say them. */
export const megabytes = (bytes) => (bytes / MEGABYTE).toFixed(1);
