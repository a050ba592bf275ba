/** Entry of a load process: does the jobs it is sent, one after another, and ends with the channel. */
import { messageOf } from '../../function/errors.ts';
import { autocannonLoad } from './autocannon.ts';
import { Holder } from './hold.ts';
import { type Job, type Outcome, parseJob, type Reply } from './job.ts';
import { Tally } from './tally.ts';
import { KeptLanes, undiciClosedLoad, undiciOpenLoad } from './undici.ts';

const holder = new Holder();
const kept = new KeptLanes();

function run(job: Job): Promise<Outcome> {
  switch (job.kind) {
    case 'autocannon':
      return autocannonLoad(job);
    case 'undici':
      return job.rate_per_s > 0 ? undiciOpenLoad(job, kept) : undiciClosedLoad(job);
    case 'hold':
      return holder.hold(job);
    case 'release':
      holder.release();
      return Promise.resolve(new Tally(job).outcome());
  }
}

function reply(message: Reply): void {
  process.send?.(message);
}

process.on('message', async (message) => {
  try {
    reply({ outcome: await run(parseJob(message)) });
  } catch (error) {
    reply({ failure: messageOf(error) });
  }
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole process group: the bench itself ends this process
reply({ ready: true });
