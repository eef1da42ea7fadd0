import { describe, expect, it } from 'vitest';
import { readinessPermissions } from '../../../../steps/lib/serving/permissions.ts';

describe('the rights that looking needs', () => {
  it('change nothing', () => {
    const verbs = new Set(readinessPermissions.flatMap((permission) => permission.verbs));
    expect([...verbs].sort()).toEqual(['get', 'list']);
  });

  it('reach no Secret and hold no wildcard', () => {
    const text = JSON.stringify(readinessPermissions);
    expect(text).not.toContain('secrets');
    expect(text).not.toContain('"*"');
  });

  it('are bound to the names of the service wherever the API server can check them', () => {
    const unnamed = readinessPermissions
      .filter(({ resourceNames, verbs }) => !resourceNames && !verbs.includes('list'))
      .flatMap(({ resources }) => resources);
    // Names of runtimes, pods and runs are not known beforehand.
    expect(unnamed).toEqual(['servingruntimes', 'pods/log', 'pipelineruns']);
  });
});
