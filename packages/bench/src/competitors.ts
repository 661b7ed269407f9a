import { limitBinary } from './compile.ts';
import { formulas, type FormulaName } from './formulas.ts';
import { fourtupleBin, poolModule } from './paths.ts';
import { freeWorkNames, fullWorkNames, poolWorks, type PoolWorkName } from './pool-works.ts';
import { findProgram } from './programs.ts';
import { simulationNames, simulations } from './simulations.ts';

/** How to read a number of sockets out of what a program prints. */
export type AnswerKind = 'number' | 'limit' | 'ports';

interface Named {
  readonly id: string;
  readonly title: string;
  /** Fewer rounds than the others, for what takes very long. */
  readonly mostRounds?: number;
}

/** A cold process. */
export interface CommandCompetitor extends Named {
  readonly command: readonly string[];
  /** Exit statuses that are an answer. */
  readonly accept: readonly number[];
  /** An unmeasured run whose answer must agree with the number of sockets made. */
  readonly count?: { readonly command: readonly string[]; readonly answer: AnswerKind };
}

/** How the library counts: as `ports` does with these flags, the same by sock_diag alone, or not at all. */
export type Counting = 'quick' | 'quick-netlink' | 'no-owners' | 'default' | 'default-netlink' | 'nothing';

/** Runs inside the process of the inner stage, which stays warm. */
export interface ResidentCompetitor extends Named {
  readonly counting: Counting;
}

/** Is computed inside the process of the inner stage; it looks at no socket. */
export interface FormulaCompetitor extends Named {
  readonly formula: FormulaName;
}

/** A client of the peer, in a process of its own. */
export interface ClientCompetitor extends Named {
  readonly work: PoolWorkName;
}

/** What is attached to the kernel while a program connects. */
export type Attached = 'nothing' | 'failures' | 'watch' | 'spread' | 'all';

/** A program of which the kernel counts how long it runs. */
export type CountedProgram = 'fourtuple_fail' | 'fourtuple_churn' | 'fourtuple_sprd4';

/** A program that connects; its sample is the median of connect(). */
export interface ConnectCompetitor extends Named {
  readonly attached: Attached;
  /** Its sample is what this program costs at one event, instead. */
  readonly program?: CountedProgram;
}

export type Competitor = CommandCompetitor | ResidentCompetitor | FormulaCompetitor | ClientCompetitor | ConnectCompetitor;

interface Candidate extends CommandCompetitor {
  /** Programs that must be installed. */
  readonly needs?: readonly string[];
}

export interface Selection {
  readonly competitors: readonly Competitor[];
  /** Titles of those left out, with the reason. */
  readonly leftOut: readonly string[];
}

const done = [0];

function fourtuple(...args: readonly string[]): readonly string[] {
  return [process.execPath, fourtupleBin, ...args];
}

function ports(id: string, ...flags: readonly string[]): Candidate {
  const command = fourtuple('ports', ...flags, '--json');
  const title = ['fourtuple', 'ports', ...flags, '--json'].join(' ');
  return { id, title, command, accept: done, count: { command, answer: 'ports' } };
}

/** The same where BPF is not allowed: the descriptors are read in /proc. */
function withoutBpf(candidate: Candidate): Candidate {
  return { ...candidate, title: `${candidate.title}, without BPF`, command: ['env', 'FOURTUPLE_NO_BPF=1', ...candidate.command] };
}

function limit(id: string, ...flags: readonly string[]): Candidate {
  const command = [limitBinary, ...flags];
  return { id, title: ['limit', ...flags, '(C)'].join(' '), command, accept: done, count: { command, answer: 'limit' } };
}

function shell(script: string): readonly string[] {
  return ['sh', '-c', script];
}

const bareNode: Candidate = { id: 'node', title: 'node -e 0', command: [process.execPath, '-e', '0'], accept: done };

const ss: Candidate = {
  id: 'ss',
  title: 'ss -tanH',
  command: ['ss', '-tanH'],
  accept: done,
  needs: ['ss'],
  count: { command: shell('ss -tanH | wc -l'), answer: 'number' },
};

/** Tuple and state out of ss: the same question that fourtuple and the C reader answer. */
const perTuple = `ss -tanH | mawk '{ sub(/:[0-9]+$/, "", $4); print $1, $4, $5 }' | sort | uniq -c`;

const ssPipe: Candidate = {
  id: 'ss-pipe',
  title: 'ss -tanH, mawk, sort, uniq -c',
  command: shell(perTuple),
  accept: done,
  needs: ['ss', 'mawk', 'sort', 'uniq'],
  count: { command: shell(`${perTuple} | mawk '{ n += $1 } END { print n + 0 }'`), answer: 'number' },
};

const netstat: Candidate = {
  id: 'netstat',
  title: 'netstat -tan',
  command: ['netstat', '-tan'],
  accept: done,
  needs: ['netstat'],
  count: { command: shell('netstat -tan | tail -n +3 | wc -l'), answer: 'number' },
};

/** Its cost grows with the square of the sockets: 0.14 s at 10,000, 65 s at 300,000. */
const ssProcesses: Candidate = { id: 'ss-p', title: 'ss -tanpH', command: ['ss', '-tanpH'], accept: done, needs: ['ss'] };
const ssProcessesOnce: Candidate = { ...ssProcesses, mostRounds: 1 };

/** Above this one run of ss -tanp is long enough to need no median. */
const onceAbove = 20_000;

/** From here on `ports --quick` reads by BPF, where it may; the other way is measured too then. */
const quickByBpfFrom = 200_000;

export function snapshotCompetitors(sockets: number, slow: boolean): Selection {
  const candidates = [
    limit('limit'),
    limit('limit-v2', '--v2'),
    ports('quick', '--quick'),
    ...(sockets < quickByBpfFrom ? [] : [{ ...withoutBpf(ports('quick', '--quick')), id: 'quick-netlink' }]),
    ports('full'),
    ports('owners', '--owners', 'all', '--probe', 'none'),
    ss,
    ssPipe,
    netstat,
    bareNode,
  ];
  const most = slow ? 300_000 : 100_000;
  if (sockets > most) {
    const selection = select(candidates);
    const reason = `${ssProcesses.title}: only up to ${most.toLocaleString('en')} sockets, its cost is quadratic`;
    return { ...selection, leftOut: [...selection.leftOut, reason] };
  }
  return select([...candidates, sockets > onceAbove ? ssProcessesOnce : ssProcesses]);
}

export function startupCompetitors(): Selection {
  /* check exits as monitoring plugins do: 1 and 2 are verdicts, not failures. */
  const verdicts = [0, 1, 2];
  return select([
    bareNode,
    ports('quick', '--quick'),
    { id: 'check', title: 'fourtuple check', command: fourtuple('check'), accept: verdicts },
    { id: 'check-json', title: 'fourtuple check --json', command: fourtuple('check', '--json'), accept: verdicts },
    { id: 'ss', title: 'ss -tanH', command: ['ss', '-tanH'], accept: done, needs: ['ss'] },
    { id: 'limit', title: 'limit (C)', command: [limitBinary], accept: done },
  ]);
}

export function ownersCompetitors(): Selection {
  return select([
    ports('owners-all', '--owners', 'all', '--probe', 'none'),
    withoutBpf(ports('owners-proc', '--owners', 'all', '--probe', 'none')),
    ports('owners-none', '--owners', 'none', '--probe', 'none'),
    ssProcessesOnce,
  ]);
}

/** The same program, with this and that attached; without anything twice, which tells the noise. */
export function overheadCompetitors(): Selection {
  const competitors: readonly ConnectCompetitor[] = [
    { id: 'nothing', title: 'nothing attached', attached: 'nothing' },
    { id: 'failures', title: 'failed connects counted, as check --watch does', attached: 'failures' },
    { id: 'watch', title: 'failed connects and churn counted, as watch does', attached: 'watch' },
    { id: 'again', title: 'nothing attached, once more', attached: 'nothing' },
    { id: 'spread', title: 'spread over four addresses', attached: 'spread' },
    { id: 'all', title: 'watch and spread', attached: 'all' },
    { id: 'program-failures', title: 'program of failed connects, a change of state', attached: 'all', program: 'fourtuple_fail' },
    { id: 'program-churn', title: 'program of churn, a change of state', attached: 'all', program: 'fourtuple_churn' },
    { id: 'program-spread', title: 'program of spread, a connect()', attached: 'all', program: 'fourtuple_sprd4' },
  ];
  return { competitors, leftOut: [] };
}

/** One command, over two populations. */
export function inboundCompetitors(): Selection {
  return select([ports('quick', '--quick')]);
}

export function inProcessCompetitors(sockets: number): Selection {
  const residents: ResidentCompetitor[] = [
    { id: 'in-process', title: 'the library, as ports --quick', counting: 'quick' },
  ];
  if (sockets >= quickByBpfFrom) residents.push({ id: 'in-process-netlink', title: 'the same without BPF', counting: 'quick-netlink' });
  return { competitors: [limit('limit'), ...residents], leftOut: [] };
}

export function formulaCompetitors(): Selection {
  const names: readonly FormulaName[] = ['erlang-million', 'erlang-range'];
  return { competitors: names.map((name) => ({ id: name, title: formulas[name].title, formula: name })), leftOut: [] };
}

/** Cold processes, which look at no socket. */
export function simulateCompetitors(): Selection {
  return select(simulationNames.map((id) => ({ id, title: `fourtuple ${simulations[id].title}`, command: fourtuple('simulate', ...simulations[id].args), accept: done })));
}

/** Clients with the whole tuple before them, and what it takes to load the library. */
export function freePoolCompetitors(): Selection {
  const loading = (id: string, title: string, script: string): Candidate => ({ id, title, command: [process.execPath, '--input-type=module', '-e', script], accept: done });
  const pool = JSON.stringify(poolModule('index'));
  const bare = loading('load-nothing', 'node, a module of nothing', '0');
  const library = loading('load-pool', "import 'fourtuple/pool'", `import ${pool}`);
  const connector = loading('load-connector', "import 'fourtuple/pool', createConnector()", `import { createConnector } from ${pool}; createConnector()`);
  return { competitors: [...freeWorkNames.map(client), bare, library, connector], leftOut: [] };
}

/** Clients of a tuple of which three quarters are taken. */
export function fullPoolCompetitors(): Selection {
  return { competitors: fullWorkNames.map(client), leftOut: [] };
}

function client(id: PoolWorkName): ClientCompetitor {
  return { id, title: poolWorks[id].title, work: id };
}

export function eventLoopCompetitors(sockets: number): Selection {
  const byNetlink: readonly ResidentCompetitor[] = sockets < quickByBpfFrom ? [] : [{ id: 'quick-netlink', title: 'the same without BPF', counting: 'quick-netlink' }];
  const competitors: readonly ResidentCompetitor[] = [
    { id: 'nothing', title: 'no snapshot, 1 ms of spinning a turn', counting: 'nothing' },
    { id: 'quick', title: 'as ports --quick --watch', counting: 'quick' },
    ...byNetlink,
    { id: 'no-owners', title: 'as ports --owners none --watch', counting: 'no-owners' },
    { id: 'default', title: 'as ports --watch', counting: 'default' },
    { id: 'default-netlink', title: 'the same without BPF', counting: 'default-netlink' },
  ];
  return { competitors, leftOut: [] };
}

function select(candidates: readonly Candidate[]): Selection {
  const competitors: Competitor[] = [];
  const leftOut: string[] = [];
  for (const { needs = [], ...competitor } of candidates) {
    const missing = needs.filter((name) => findProgram(name) === undefined);
    if (missing.length === 0) competitors.push(competitor);
    else leftOut.push(`${competitor.title}: ${missing.join(', ')} not installed`);
  }
  return { competitors, leftOut };
}
