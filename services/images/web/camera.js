// A picture from the camera: on a phone its own camera app, on a desktop what the webcam sees, in a dialog.

import { fill, h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { open } from "./dialog.js";
import { button } from "./spoken.js";

/** A button that gives a photograph to `taken`. */
export function camera(taken) {
  const input = h("input", {
    type: "file",
    accept: "image/*",
    capture: "environment",
    hidden: true,
    "aria-hidden": "true",
    tabindex: "-1",
  });
  input.addEventListener("change", () => {
    if (input.files[0]) taken(input.files[0]);
    input.value = "";
  });
  const own = () => (matchMedia("(pointer: coarse)").matches ? input.click() : look(taken));
  return [button("camera", own, { class: "quiet" }), input];
}

async function look(taken) {
  const content = h("div", { class: "camera" }, h("p", { role: "status" }, t("camera_asks")));
  let stream = null;
  let closed = false;
  const dialog = open(t("camera_title"), content, {
    closed: () => {
      closed = true;
      stop(stream);
    },
  });
  try {
    stream = await started();
    if (closed) return stop(stream);
    await show(content, stream, (blob) => {
      dialog.close();
      taken(blob);
    });
  } catch (error) {
    fill(content, h("p", { class: "trouble", role: "alert" }, t(reason(error)), " ", t("camera_else")));
  }
}

function started() {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "SecurityError");
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
    audio: false,
  });
}

const stop = (stream) => stream?.getTracks().forEach((track) => track.stop());

function reason({ name }) {
  if (name === "NotAllowedError") return "camera_refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "camera_none";
  return name === "SecurityError" ? "camera_insecure" : "camera_broken";
}

async function show(content, stream, taken) {
  const video = h("video", {
    autoplay: true,
    playsinline: true,
    ".muted": true,
    ".srcObject": stream,
    "aria-label": t("camera_title"),
  });
  const shoot = h("button", { type: "button", onclick: async () => taken(await still(video)) }, t("camera_shoot"));
  fill(content, video, h("p", { class: "row" }, shoot));
  shoot.focus();
  await video.play();
}

async function still(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
  return new File([blob], "camera.jpg", { type: blob.type });
}
