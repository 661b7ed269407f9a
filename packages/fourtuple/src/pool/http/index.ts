export { HttpAgent, HttpsAgent, type HttpAgentOptions, type HttpsAgentOptions } from './agents.ts';
export type { AgentLimitOptions, AgentStats, OriginStats } from './agent-limits.ts';
export { http2Connection } from './http2.ts';
