import { existsSync } from 'node:fs';
import type { LibraryHandle } from 'koffi';
import { UnsupportedError } from './errors.ts';

/** The part of koffi that is used here. */
export interface Ffi {
  readonly version: string;
  load(path: string | null): LibraryHandle;
  errno(): number;
  /** Where the bytes are: for pointers inside of structures. The bytes must stay referenced as long as the kernel uses them. */
  address(value: Uint8Array): bigint;
}

let loaded: Ffi | UnsupportedError | undefined;

/**
 * Loads koffi, once. Its own entry point reads the ELF header of node to tell glibc from musl, which costs more than
 * a small snapshot, so the prebuilt binary is opened by path first and the entry point is the fallback.
 * @throws UnsupportedError when koffi is not installed, or is refused (`node --permission` without `--allow-addons`).
 */
export function loadFfi(): Ffi {
  loaded ??= tryLoad();
  if (loaded instanceof UnsupportedError) throw loaded;
  return loaded;
}

function tryLoad(): Ffi | UnsupportedError {
  if (process.env['FOURTUPLE_NO_KOFFI'] === '1') return new UnsupportedError('koffi', 'FOURTUPLE_NO_KOFFI to be unset');
  try {
    return openPrebuilt() ?? (process.getBuiltinModule('node:module').createRequire(import.meta.url)('koffi') as Ffi);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const needs =
      code === 'ERR_DLOPEN_DISABLED'
        ? 'the flag --allow-addons beside --permission'
        : 'the optional package "koffi" (npm install koffi), whose prebuilt binary fits this platform';
    return new UnsupportedError('koffi', needs, error);
  }
}

function openPrebuilt(): Ffi | undefined {
  const folder = findPrebuilt();
  if (folder === undefined) return undefined;
  // A glibc binary does not open on musl, nor the reverse: the first that opens is the right one.
  for (const libc of ['linux', 'musl']) {
    const holder = { exports: {} as Partial<Ffi> };
    try {
      process.dlopen(holder, `${folder}/${libc}_${process.arch}/koffi.node`);
      if (typeof holder.exports.load === 'function') return holder.exports as Ffi;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED') throw error;
    }
  }
  return undefined;
}

/** The package of the prebuilt binary, where `require` would look first; making a `require` takes longer than looking. */
function findPrebuilt(): string | undefined {
  for (let folder = import.meta.dirname; ; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const candidate = `${folder}/node_modules/@koromix/koffi-linux-${process.arch}`;
    if (existsSync(candidate)) return candidate;
    // The root itself was the last.
    if (folder === '') return undefined;
  }
}
