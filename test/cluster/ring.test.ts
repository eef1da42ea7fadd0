import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinRing, type Ring } from './ring.ts';

let ring: Ring;
beforeAll(async () => {
  ring = await joinRing();
});
afterAll(() => ring.leave());

describe('the ring', () => {
  test('has one Ready node with a GPU to give away', async () => {
    const node = JSON.parse(await ring.kubectl.run(['get', 'node', 'ring', '-o', 'json']));
    expect(node.status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    expect(node.status.allocatable['nvidia.com/gpu']).toBe('1');
  });
});
