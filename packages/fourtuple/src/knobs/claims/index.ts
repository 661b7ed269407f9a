export { claims, judgeClaims, type JudgedClaim } from './judge.ts';
export type { Claim, Verdict } from './claim.ts';
