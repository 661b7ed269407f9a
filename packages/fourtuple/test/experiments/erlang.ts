import { parseArgs } from 'node:util';
import { comparisonText, compareWithErlang } from '../support/erlang-experiment.ts';
import { holdTimes } from '../support/hold-times.ts';
import { liveTestObstacle } from '../support/namespace.ts';

const help = `usage: npm run experiment:erlang -- [options]

Connects 4,000 times a second to 8 destinations over 100 source ports, in a network namespace
of its own, and prints the share that found no port beside Erlang's formula. Needs root.

  --hold NAME   ${Object.keys(holdTimes).join(', ')}, or all (default exponential)
  --seconds N   for each                (default 60)
  --seed N      of the random numbers   (default 1)
  --help
`;

const notPermitted = 77;
const badUsage = 64;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { hold: { type: 'string', default: 'exponential' }, seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const holds = values.hold === 'all' ? Object.keys(holdTimes) : [values.hold];
  const seconds = Number(values.seconds);
  if (holds.some((hold) => holdTimes[hold] === undefined) || !(seconds >= 2 && seconds <= 3600) || !Number.isSafeInteger(Number(values.seed))) {
    process.stderr.write(`experiment: an option has no such value\n\n${help}`);
    return badUsage;
  }
  const obstacle = liveTestObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(`experiment: ${obstacle}\n`);
    return notPermitted;
  }
  process.stdout.write('8 tuples of 100 ports, 100 Erlang each, closed by a reset\n');
  for (const hold of holds) process.stdout.write(`${hold}: ${comparisonText(await compareWithErlang(seconds, hold, Number(values.seed)))}\n`);
  return 0;
}

process.exitCode = await main();
