// Asks the public API, as anybody can; what goes wrong comes back in the service's own words.

/** An answer that is a problem (RFC 9457), or none at all (status 0). */
export class Problem extends Error {
  constructor(status, detail, retryAfter, body = {}) {
    super(detail);
    Object.assign(this, { status, detail, retryAfter, body });
  }

  /** Whether the same question may be answered later: overload, a model still loading, a service that is down. */
  get passes() {
    return this.status === 0 || (this.status === 503 && !this.body.failed) || [429, 502, 504].includes(this.status);
  }
}

/** The path with its query; values that are null, undefined or "" are left out. */
export function path(place, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  return text ? `${place}?${text}` : place;
}

/** The Response; a Problem is thrown where it is not 2xx. `json` or `body` makes it a POST. */
export async function ask(place, { method, json, body, accept, signal } = {}) {
  const headers = {};
  if (accept) headers.Accept = accept;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const content = json === undefined ? body : JSON.stringify(json);
  const sent = { method: method ?? (content === undefined ? "GET" : "POST"), headers, body: content, signal };
  const response = await fetch(place, sent).catch(unanswered);
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Nobody was there, or the answer broke off: for the `catch` of whoever reads it. */
export function unanswered(error) {
  if (error.name === "AbortError") throw error;
  throw new Problem(0, String(error.message), 2);
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After")) || 2;
  return new Problem(response.status, body.detail ?? response.statusText, seconds, body);
}

export const askJson = async (place, options) => (await ask(place, options)).json().catch(unanswered);
