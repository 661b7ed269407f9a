/** Numbers of the helpers that programs here call (uapi/linux/bpf.h). */
export const helpers = {
  mapLookup: 1,
  mapUpdate: 2,
  currentPidTgid: 14,
  currentComm: 16,
  bind: 64,
  currentCgroupId: 80,
  probeReadKernel: 113,
  seqWrite: 127,
  sockFromFile: 162,
} as const;
