// node --import fourtuple/register: source addresses of any Node.js program are bound late, and FOURTUPLE_SOURCES are spread over.
import type { ConnectorOptions, ConnectorStats } from './connector-options.ts';
import { LateConnector } from './late-connector.ts';
import { sourcePolicies, type SourcePolicy } from './policy.ts';
import { hookAllHandles } from './tcp-handle.ts';

/** One for the process, however often and by whatever path the module is loaded. */
const key = Symbol.for('fourtuple.register');
const registry = globalThis as { [key]?: LateConnector | undefined };

/** Options from FOURTUPLE_SOURCES, FOURTUPLE_POLICY and FOURTUPLE_BUDGET. @throws Error for what is none */
function optionsOf({ FOURTUPLE_SOURCES: sources, FOURTUPLE_POLICY: policy, FOURTUPLE_BUDGET: budget }: NodeJS.ProcessEnv): ConnectorOptions {
  if (policy !== undefined && !(sourcePolicies as readonly string[]).includes(policy)) throw new Error(`FOURTUPLE_POLICY is one of ${sourcePolicies.join(', ')}, not "${policy}"`);
  if (budget !== undefined && !(Number(budget) > 0 && Number(budget) <= 1)) throw new Error(`FOURTUPLE_BUDGET is a share above 0 to 1 of the ports, not "${budget}"`);
  return { ...(sources === undefined || sources === '' ? {} : { sources }), ...(policy === undefined ? {} : { policy: policy as SourcePolicy }), ...(budget === undefined ? {} : { budget: Number(budget) }) };
}

/** The program runs as it would without us. */
function leaveAlone(reason: string): void {
  process.emitWarning(`connections are made as ever, without fourtuple: ${reason}`, { type: 'FourtupleWarning', code: 'FOURTUPLE_REGISTER' });
}

function register(): LateConnector | undefined {
  try {
    const late = new LateConnector(optionsOf(process.env), { keepsKinds: true });
    if (late.mode === 'plain' || !hookAllHandles((socket) => late.hooks(socket, undefined))) {
      leaveAlone(late.modeReason ?? 'the sockets of this Node.js have no handle that is known');
      return undefined;
    }
    if (late.mode === 'explicit-port') process.emitWarning(`source ports are chosen by this process, as sockets cannot be bound late: ${late.modeReason}`, { type: 'FourtupleWarning', code: 'FOURTUPLE_REGISTER' });
    return late;
  } catch (error) {
    leaveAlone(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

if (!(key in registry)) registry[key] = register();
const registered = registry[key];

/** What the connections of this process have in use; undefined if they are made as ever. */
export function stats(): ConnectorStats | undefined {
  return registered?.stats();
}
