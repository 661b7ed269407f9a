import { Draft } from './draft.ts';
import { needs } from './needs.ts';
import { applyProfile, type ProfileName } from './profiles.ts';
import type { Advice, Situation } from './situation.ts';

/** The few changes that help a network namespace: by what is seen in it, and by what it is for, where that is said. */
export function propose(situation: Situation, profile?: ProfileName): Advice {
  const draft = new Draft(situation);
  needs(situation, draft);
  if (profile !== undefined) applyProfile(profile, situation, draft);
  return draft.advice();
}
