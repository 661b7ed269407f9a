/** Numbers of the helpers that programs here call (uapi/linux/bpf.h). */
export const helpers = {
  mapLookup: 1,
  mapUpdate: 2,
  currentPidTgid: 14,
  currentComm: 16,
  currentCgroupId: 80,
  probeReadKernel: 113,
} as const;
