import { cpus, loadavg, release, totalmem } from 'node:os';
import { versionLine } from './programs.ts';

export interface Machine {
  readonly kernel: string;
  readonly architecture: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly loadBefore: number;
  readonly node: string;
  readonly tools: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const tools: Record<string, string> = {};
  for (const [name, flags] of [
    ['ss', ['-V']],
    ['netstat', ['--version']],
    ['mawk', ['-W', 'version']],
    ['cc', ['--version']],
  ] as const) {
    const version = versionLine(name, ...flags);
    if (version !== undefined) tools[name] = version;
  }
  const processors = cpus();
  return {
    kernel: release(),
    architecture: process.arch,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg()[0] ?? 0,
    node: process.version,
    tools,
  };
}

/**
 * What must not differ between two Node start-ups, or would slow one kind of competitor only: a CA file costs Node 20
 * some 75 ms of CPU at every start. The C locale is the fastest for sort.
 */
export function measuredEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env, LC_ALL: 'C' };
  for (const name of ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_COMPILE_CACHE']) {
    delete (environment as NodeJS.ProcessEnv)[name];
  }
  return environment;
}
