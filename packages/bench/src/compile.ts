import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './programs.ts';
import { binaries, cSources } from './paths.ts';

export const fixtureBinary = join(binaries, 'fixture');
export const limitBinary = join(binaries, 'limit');
export const measureBinary = join(binaries, 'measure');
export const peerBinary = join(binaries, 'peer');
export const connectsBinary = join(binaries, 'connects');

export class CompileError extends Error {
  override readonly name = 'CompileError';
}

/** Compiles what is missing or older than its source. Every run needs the fixture, so without a compiler there is none. */
export function compilePrograms(): void {
  mkdirSync(binaries, { recursive: true });
  const outdated = ['fixture', 'limit', 'measure', 'peer', 'connects'].filter(isOutdated);
  if (outdated.length === 0) return;
  const compiler = ['cc', 'gcc', 'clang'].find((name) => findProgram(name) !== undefined);
  if (compiler === undefined) {
    throw new CompileError(
      'no C compiler (cc, gcc or clang) was found: the sockets, the C reader and the meter are C programs. ' +
        'Install one (Debian: apt-get install gcc libc6-dev) and run again.',
    );
  }
  for (const program of outdated) compile(compiler, program);
}

function isOutdated(program: string): boolean {
  const built = statSync(join(binaries, program), { throwIfNoEntry: false });
  return built === undefined || built.mtimeMs < statSync(join(cSources, `${program}.c`)).mtimeMs;
}

function compile(compiler: string, program: string): void {
  const result = spawnSync(
    compiler,
    ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-o', join(binaries, program), join(cSources, `${program}.c`)],
    { encoding: 'utf8' },
  );
  if (result.status !== 0) {
    throw new CompileError(`${compiler} could not compile ${program}.c:\n${result.stderr}`);
  }
}
