// graphile-worker: node graphile.mjs POSTGRES-URL FOLDER COUNT URL
// Fills its queue, then works it and prints {"seconds"}.  Jobs are fetched
// and completed in batches, which is how it is fastest.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { bodies, CONCURRENCY, countdown, sender } from "./job.mjs";

const [connectionString, folder, countText, url] = process.argv.slice(2);
const count = Number(countText);
const quiet = new Logger(() => () => {});

const utils = await makeWorkerUtils({ connectionString, logger: quiet });
await utils.migrate();
const all = bodies(folder, count);
for (let i = 0; i < count; i += 500) {
  const specs = all
    .slice(i, i + 500)
    .map((body) => ({ identifier: "deliver", payload: { body } }));
  await utils.addJobs(specs);
}

const send = sender(url);
const left = countdown(count);
const runner = await run({
  connectionString,
  logger: quiet,
  preset: {
    worker: {
      concurrentJobs: CONCURRENCY,
      maxPoolSize: 10,
      pollInterval: 100,
      localQueue: { size: 4 * CONCURRENCY },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  },
  events: undefined,
  taskList: {
    async deliver(payload, helpers) {
      left.begin();
      await send("job_" + helpers.job.id, payload.body);
    },
  },
});
// A job has ended when its completion is on the way; the last batch of them
// is waited for by stop().
runner.events.on("job:complete", () => left.end());
const seconds = await left.ended;
const begin = performance.now();
await runner.stop();
const rest = await utils.withPgClient(async (pg) => {
  const r = await pg.query(
    "SELECT count(*)::int AS n FROM graphile_worker._private_jobs",
  );
  return r.rows[0].n;
});
await utils.release();
console.log(
  JSON.stringify({
    seconds,
    stop: (performance.now() - begin) / 1000,
    rest,
  }),
);
process.exit(0);
