import { expectTypeOf, test } from 'vitest';
import { type Cluster, ClusterError, createCluster, type KubeObject } from '../../../steps/lib/cluster.ts';
import { StepError } from '../../../steps/lib/errors.ts';

interface Service extends KubeObject {
  readonly status?: { readonly url?: string };
}

test('the adapter is what the steps are written against', () => {
  expectTypeOf(createCluster).returns.resolves.toEqualTypeOf<Cluster>();
  expectTypeOf<ClusterError>().toExtend<StepError>();
  expectTypeOf<Cluster['get']>().toBeCallableWith({ apiVersion: 'v1', kind: 'Pod', name: 'x' });
  expectTypeOf((cluster: Cluster) =>
    cluster.get<Service>({ apiVersion: 'v1', kind: 'S', name: 'x' }),
  ).returns.resolves.toEqualTypeOf<Service | undefined>();
});
