// node --import fourtuple/register: source addresses of any Node.js program are bound late, and FOURTUPLE_SOURCES are spread over.
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import type { ConnectorOptions, ConnectorStats } from './connector-options.ts';
import { LateConnector } from './late-connector.ts';
import { sourcePolicies, type SourcePolicy } from './policy.ts';
import { hookAllHandles } from './tcp-handle.ts';

/** One for the thread, however often and by whatever path the module is loaded. */
const key = Symbol.for('fourtuple.register');
const registry = globalThis as { [key]?: LateConnector | undefined };

/** By this the threads of a process know that the main one has warned: each of them loads this, too. */
const warned = 'fourtuple.register.warned';

/** Options from FOURTUPLE_SOURCES, FOURTUPLE_POLICY and FOURTUPLE_BUDGET, of which an empty one counts as none. @throws Error for what is none */
function optionsOf({ FOURTUPLE_SOURCES: sources = '', FOURTUPLE_POLICY: policy = '', FOURTUPLE_BUDGET: budget = '' }: NodeJS.ProcessEnv): ConnectorOptions {
  if (policy !== '' && !(sourcePolicies as readonly string[]).includes(policy)) throw new Error(`FOURTUPLE_POLICY is one of ${sourcePolicies.join(', ')}, not "${policy}"`);
  if (budget !== '' && !(Number(budget) > 0 && Number(budget) <= 1)) throw new Error(`FOURTUPLE_BUDGET is a share above 0 to 1 of the ports, not "${budget}"`);
  return { ...(sources === '' ? {} : { sources }), ...(policy === '' ? {} : { policy: policy as SourcePolicy }), ...(budget === '' ? {} : { budget: Number(budget) }) };
}

function warn(message: string): void {
  if (!isMainThread && getEnvironmentData(warned) === true) return;
  setEnvironmentData(warned, true);
  process.emitWarning(message, { type: 'FourtupleWarning', code: 'FOURTUPLE_REGISTER' });
}

function register(): LateConnector | undefined {
  try {
    const late = new LateConnector(optionsOf(process.env), { keepsKinds: true });
    // Ports may not be chosen from a range that may not be read (`node --permission`).
    if (late.mode === 'explicit-port' && late.settings.assumption !== undefined) throw new Error(late.settings.assumption);
    if (late.mode === 'plain' || !hookAllHandles((socket) => late.hooks(socket, undefined))) throw new Error(late.modeReason ?? 'the sockets of this Node.js have no handle that is known');
    if (late.mode === 'explicit-port') warn(`source ports are chosen by this process, as sockets cannot be bound late: ${late.modeReason}`);
    return late;
  } catch (error) {
    // The program runs as it would without us.
    warn(`connections are made as ever, without fourtuple: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

if (!(key in registry)) registry[key] = register();
const registered = registry[key];

/** What the connections of this thread have in use; undefined if they are made as ever. */
export function stats(): ConnectorStats | undefined {
  return registered?.stats();
}
