import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connect, failureOf } from './connect.ts';

afterEach(closeAll);

describe('the schema of a group version', () => {
  test('is the document of the server', async () => {
    const { cluster } = await connect();
    await expect(cluster.openApi('apis/serving.kserve.io/v1beta1')).resolves.toMatchObject({
      openapi: '3.0.0',
      components: { schemas: { 'io.kserve.serving.v1beta1.InferenceService': { type: 'object' } } },
    });
    await expect(cluster.openApi('api/v1')).resolves.toHaveProperty('components');
  });

  test('that is not served is refused', async () => {
    const { cluster } = await connect({ kserve: false });
    const error = await failureOf(cluster.openApi('apis/serving.kserve.io/v1beta1'));
    expect(error.message).toBe('KServe is not installed, or v1beta1 is not served');
  });
});
