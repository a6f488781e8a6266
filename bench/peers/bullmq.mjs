// BullMQ: node bullmq.mjs REDIS-SOCKET FOLDER COUNT URL
// Fills its queue, then works it and prints {"seconds"}.
import { Queue, Worker } from "bullmq";
import { bodies, CONCURRENCY, countdown, sender } from "./job.mjs";

const [path, folder, countText, url] = process.argv.slice(2);
const count = Number(countText);
const connection = { path, maxRetriesPerRequest: null };

const queue = new Queue("deliver", { connection });
const all = bodies(folder, count);
for (let i = 0; i < count; i += 500) {
  await queue.addBulk(
    all.slice(i, i + 500).map((body) => ({
      name: "deliver",
      data: { body },
      opts: { removeOnComplete: true, attempts: 5 },
    })),
  );
}

const send = sender(url);
const left = countdown(count);
const worker = new Worker(
  "deliver",
  async (job) => {
    left.begin();
    await send("job_" + job.id, job.data.body);
  },
  { connection, concurrency: CONCURRENCY },
);
worker.on("completed", () => left.end());
const seconds = await left.ended;
const rest = await queue.getJobCountByTypes("wait", "active", "delayed");
console.log(JSON.stringify({ seconds, rest }));
process.exit(0);
