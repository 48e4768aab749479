// A matrix of which the place that is pointed at is said in words below it.

import { announce, fill, h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { matrix } from "./matrix.js";
import { isSome, pointing } from "./pointing.js";

/** `seen.data` is what the matrix shows, once there is something; `hint` the words while nothing is pointed at. */
export function spelled(seen, inWords, hint) {
  const readout = h("p", { class: "readout" });
  const pointed = pointing((place) => pointed.held(place));
  const picture = matrix({
    hover: pointed.hover,
    choose: pointed.choose,
    moved: (place) => announce(inWords(seen.data, place)),
  });
  pointed.watch((place) => {
    if (!seen.data) return;
    picture.point(place);
    fill(readout, isSome(place) ? inWords(seen.data, place) : t(hint));
  });
  return { readout, pointed, picture };
}
