import type { Application, Command } from '@stricli/core';
import type { CliContext } from '../../context.ts';

type Target = Application<CliContext>['root'];
type Parameters = Command<CliContext>['parameters'];
type Flags = NonNullable<Parameters['flags']>;
type Positional = NonNullable<Parameters['positional']>;

/** Values for what stands under a placeholder, the same word that the help shows. */
export type Propose = (placeholder: string, partial: string) => readonly string[];

/** The same commands, whose flags and arguments propose values. Done here, so that no command has to carry it. */
export function withProposals<T extends Target>(target: T, propose: Propose): T {
  if ('parameters' in target) return { ...target, parameters: proposing(target.parameters, propose) };
  return {
    ...target,
    getRoutingTargetForInput(input: string) {
      const found = target.getRoutingTargetForInput(input);
      return found === undefined ? undefined : withProposals(found, propose);
    },
  };
}

function proposing({ flags = {}, positional, ...rest }: Parameters, propose: Propose): Parameters {
  return { ...rest, flags: proposingFlags(flags, propose), ...(positional === undefined ? {} : { positional: proposingPositional(positional, propose) }) };
}

function proposingFlags(flags: Flags, propose: Propose): Flags {
  const all: Flags = {};
  for (const [name, flag] of Object.entries(flags)) {
    // Stricli proposes hidden flags, and not the negation of a flag.
    if (flag.hidden === true) continue;
    all[name] = flag.kind === 'parsed' ? { proposeCompletions: (partial: string) => propose(flag.placeholder ?? '', partial), ...flag } : flag;
    if (flag.kind === 'boolean' && flag.withNegated !== false) all[`no${name.charAt(0).toUpperCase()}${name.slice(1)}`] = { ...flag, brief: `The opposite of --${name}`, withNegated: false } as Flags[string];
  }
  return all;
}

function proposingPositional(positional: Positional, propose: Propose): Positional {
  const proposed = <P extends { readonly placeholder?: string }>(parameter: P): P => ({ proposeCompletions: (partial: string) => propose(parameter.placeholder ?? '', partial), ...parameter });
  return positional.kind === 'array' ? { ...positional, parameter: proposed(positional.parameter) } : { ...positional, parameters: positional.parameters.map(proposed) };
}
