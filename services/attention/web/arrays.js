// numpy's files in a browser: .npy, and .npz, which is a zip of them.

const TYPES = { "|u1": Uint8Array, "<u2": Uint16Array, "<i4": Int32Array, "<f4": Float32Array, "<f8": Float64Array };
const END = 0x06054b50; // of a zip's directory
const DEFLATED = 8;

/** { name: {shape, data} } of an .npz; members that are JSON come parsed, by their whole name. */
export async function readNpz(buffer) {
  const members = [...directory(buffer)];
  const parsed = await Promise.all(members.map(async (one) => parse(one.name, await unpacked(buffer, one))));
  return Object.fromEntries(members.map(({ name }, place) => [name.replace(/\.npy$/, ""), parsed[place]]));
}

function parse(name, bytes) {
  return name.endsWith(".npy") ? readNpy(bytes) : JSON.parse(new TextDecoder().decode(bytes));
}

/** {shape, data}: a typed array in C order. */
function readNpy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const long = bytes[6] > 1; // version 2 has four bytes for the length of its header
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, start));
  const shape = header
    .match(/'shape': \(([^)]*)\)/)[1]
    .split(",")
    .filter((one) => one.trim())
    .map(Number);
  const Type = TYPES[header.match(/'descr': '([^']+)'/)[1]];
  return { shape, data: new Type(bytes.slice(start).buffer) };
}

function* directory(buffer) {
  const view = new DataView(buffer);
  let end = buffer.byteLength - 22;
  while (view.getUint32(end, true) !== END) end -= 1;
  let place = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const length = view.getUint16(place + 28, true);
    yield {
      name: new TextDecoder().decode(new Uint8Array(buffer, place + 46, length)),
      method: view.getUint16(place + 10, true),
      size: view.getUint32(place + 20, true),
      start: view.getUint32(place + 42, true),
    };
    place += 46 + length + view.getUint16(place + 30, true) + view.getUint16(place + 32, true);
  }
}

async function unpacked(buffer, { method, size, start }) {
  const view = new DataView(buffer, start);
  const packed = new Uint8Array(buffer, start + 30 + view.getUint16(26, true) + view.getUint16(28, true), size);
  if (method !== DEFLATED) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
