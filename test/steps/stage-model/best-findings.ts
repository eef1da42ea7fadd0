import type { Findings } from '../../../steps/stage-model/bucket/findings.ts';

/** Of a server that has all that S3 has. */
export const best: Findings = {
  conditionalPut: true,
  checksum: 'whole',
  proof: 'crc32',
  resume: true,
  copy: true,
  metadata: true,
  missing: [],
};
