/*
 * Judges each arrival of a receiver by every signature that it was promised,
 * with the libraries that a receiver's author would use and with node's own
 * Ed25519.  Reads the receiver's log on standard input, one arrival a JSON
 * line; prints a line for each: the forms that verified and the forms that
 * did not.
 *
 *	node verify_signed.mjs SECRET PUBLIC_KEY
 */
import { createHmac, createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { verify as verifyGithub } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const [secret, publicKey] = process.argv.slice(2);

/* The DER prefix of an Ed25519 public key, RFC 8410. */
function keyOf(text) {
	return createPublicKey({ format: "der", type: "spki", key: Buffer.concat([
	    Buffer.from("302a300506032b6570032100", "hex"),
	    Buffer.from(text.slice("whpk_".length), "base64")]) });
}

const forms = {
	standard: (h, body) => new Webhook(secret).verify(body, h),
	svix: (h, body) => {
		if (h["svix-signature"] === undefined)
			throw new Error("there is none");
		new Svix(secret).verify(body, h);
	},
	github: async (h, body) => {
		if (!await verifyGithub(secret, body, h["x-hub-signature-256"]))
			throw new Error("false");
	},
	homeiq: (h, body) => {
		if (createHmac("sha256", secret).update(body).digest("hex") !==
		    h["x-webhook-signature"])
			throw new Error("false");
	},
	ed25519: (h, body) => {
		const text = `${h["webhook-id"]}.${h["webhook-timestamp"]}.${body}`;
		const all = h["webhook-signature"].split(" ")
		    .filter((s) => s.startsWith("v1a,"));
		if (!all.some((s) => verify(null, Buffer.from(text),
		    keyOf(publicKey), Buffer.from(s.slice(4), "base64"))))
			throw new Error("none of " + all.length);
	},
};

for await (const line of createInterface({ input: process.stdin })) {
	const arrival = JSON.parse(line);
	const headers = Object.fromEntries(
	    arrival.headers.map(([name, value]) => [name.toLowerCase(), value]));
	const body = Buffer.from(arrival.body, "base64").toString();
	const said = { path: arrival.path, good: [], bad: [] };
	for (const [name, check] of Object.entries(forms)) {
		try {
			await check(headers, body);
			said.good.push(name);
		} catch (e) {
			said.bad.push(name);
		}
	}
	console.log(JSON.stringify(said));
}
