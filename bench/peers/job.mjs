// What both peers do for one job: sign the body as a Standard Webhooks sender
// does and post it; a status outside 2xx fails the job.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { Pool } from "undici";

export const CONCURRENCY = 64;
const SECRET = "the secret that the bench signs with";

// The same bodies that are posted to hls: they differ in eight digits.
export function bodies(folder, count) {
  const head = readFileSync(folder + "/head", "utf8");
  const tail = readFileSync(folder + "/tail", "utf8");
  return Array.from(
    { length: count },
    (_, n) => head + String(n).padStart(8, "0") + tail,
  );
}

export function sender(url) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: CONCURRENCY });

  return async function send(id, body) {
    const now = Math.floor(Date.now() / 1000);
    const mac = createHmac("sha256", SECRET)
      .update(`${id}.${now}.${body}`)
      .digest("base64");
    const answer = await pool.request({
      path: pathname,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(now),
        "webhook-signature": "v1," + mac,
      },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      throw new Error("status " + answer.statusCode);
    }
  };
}

// Resolves when n jobs have ended, with the seconds since the first began.
export function countdown(n) {
  let first = 0;
  let done = 0;
  let resolve;
  const ended = new Promise((r) => (resolve = r));

  return {
    begin() {
      first ||= performance.now();
    },
    end() {
      if (++done === n) resolve((performance.now() - first) / 1000);
    },
    ended,
  };
}
