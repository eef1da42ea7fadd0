import { writeFileSync } from 'node:fs';

process.on('exit', () =>
  writeFileSync(process.env['USAGE_FILE'] ?? '/dev/null', JSON.stringify(process.resourceUsage())),
);
