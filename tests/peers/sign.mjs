/*
 * Every example payload as GitHub would send it, one JSON line each on
 * standard output: {event, body, signature}; body in base64.
 *
 *	node sign.mjs SECRET
 */
import { createRequire } from "node:module";
import { sign } from "@octokit/webhooks-methods";

const examples = createRequire(import.meta.url)("@octokit/webhooks-examples");
const secret = process.argv[2];

for (const { name, examples: payloads } of examples)
	for (const payload of payloads) {
		const body = JSON.stringify(payload);
		console.log(JSON.stringify({
			event: name,
			body: Buffer.from(body).toString("base64"),
			signature: await sign(secret, body),
		}));
	}
