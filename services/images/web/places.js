// Where the API has what: relative, so that it is right behind any gateway.

import { askJson, path } from "./shared/api.js";

export const anchorAt = (id) => `anchors/${encodeURIComponent(id)}`;
export const fileAt = (id) => `${anchorAt(id)}/file`;
export const thumbnailAt = (id) => `${anchorAt(id)}/thumbnail`;

export const anchors = (query, options) => askJson(path("anchors", query), options);
export const anchor = (id, options) => askJson(anchorAt(id), options);

const LIGHT = 300_000; // bytes up to which a file is shown itself where a thumbnail would be coarse

/** What to show of an anchor at a middle size. */
export const shownAt = ({ id, bytes }) => (bytes <= LIGHT ? fileAt(id) : thumbnailAt(id));
