/** Numbers of the helpers that programs here call (uapi/linux/bpf.h). */
export const helpers = {
  mapLookup: 1,
  mapUpdate: 2,
  randomU32: 7,
  currentPidTgid: 14,
  currentComm: 16,
  bind: 64,
  currentCgroupId: 80,
  probeReadUser: 112,
  probeReadKernel: 113,
  jiffies: 118,
  writeToSequence: 127,
  currentTask: 158,
  socketOfFile: 162,
} as const;
