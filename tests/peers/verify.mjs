/*
 * Judges what a receiver got, with the libraries that its author would use.
 * Reads the receiver's log on standard input, one arrival a JSON line;
 * prints {standard, github, bad: [...]}: how many arrivals each library
 * verified, and what it had against the others.
 *
 *	node verify.mjs SECRET
 */
import { createInterface } from "node:readline";
import { verify } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";

const secret = process.argv[2];
const webhook = secret.startsWith("whsec_") ?
    new Webhook(secret) : new Webhook(secret, { format: "raw" });
const said = { standard: 0, github: 0, bad: [] };

for await (const line of createInterface({ input: process.stdin })) {
	const arrival = JSON.parse(line);
	const headers = Object.fromEntries(
	    arrival.headers.map(([name, value]) => [name.toLowerCase(), value]));
	const body = Buffer.from(arrival.body, "base64").toString();
	const id = headers["webhook-id"];
	try {
		webhook.verify(body, headers);
		said.standard++;
	} catch (e) {
		said.bad.push(`${id}: standardwebhooks: ${e.message}`);
	}
	try {
		if (await verify(secret, body, headers["x-hub-signature-256"]))
			said.github++;
		else
			said.bad.push(`${id}: webhooks-methods: false`);
	} catch (e) {
		said.bad.push(`${id}: webhooks-methods: ${e.message}`);
	}
}
console.log(JSON.stringify(said));
