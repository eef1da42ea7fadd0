import { describe, expect, it } from 'vitest';
import type { Cluster, KubeObject } from '../../../../steps/lib/cluster.ts';
import { StepError } from '../../../../steps/lib/errors.ts';
import { applyService } from '../../../../steps/lib/serving/switch.ts';
import { memoryCluster } from './memory-cluster.ts';
import { serviceAsking } from './rollout.ts';

const service = serviceAsking({ runtime: 'r', path: 'p/' });
const modeOf = ({ metadata }: KubeObject) => metadata.annotations?.['serving.kserve.io/deploymentMode'];

/** A KServe that has decided on a mode, and refuses all others. */
function insistingOn(mode: string) {
  const cluster = memoryCluster();
  const asked: (string | undefined)[] = [];
  const apply = (async (object: KubeObject, options: Parameters<Cluster['apply']>[1]) => {
    asked.push(modeOf(object));
    if (modeOf(object) === mode) return cluster.apply(object, options);
    const said = `denied the request: deploymentMode cannot be changed from '${mode}' to '${modeOf(object)}'`;
    throw new StepError('refused', 'denied', { evidence: [said], hint: 'x' });
  }) as Cluster['apply'];
  return { cluster: { ...cluster, apply }, asked };
}

describe('the apply of a service', () => {
  it('is tried once more with the mode that KServe insists on', async () => {
    const { cluster, asked } = insistingOn('RawDeployment');
    expect(modeOf(await applyService(cluster, service, {}))).toBe('RawDeployment');
    expect(asked).toEqual([undefined, 'RawDeployment']);
  });

  it('is not tried for ever', async () => {
    const { cluster, asked } = insistingOn('Standard');
    const stubborn = {
      ...cluster,
      apply: ((object: KubeObject) => {
        asked.push(modeOf(object));
        const said = "deploymentMode cannot be changed from 'Serverless' to 'x'";
        return Promise.reject(new StepError('refused', said, { hint: 'x' }));
      }) as Cluster['apply'],
    };
    await expect(applyService(stubborn, service, {})).rejects.toThrow('deploymentMode');
    expect(asked).toHaveLength(2);
  });

  it('is not tried again for any other reason', async () => {
    const cluster = memoryCluster();
    cluster.before = () => {
      throw new StepError('refused', 'the name is too long', { hint: 'x' });
    };
    await expect(applyService(cluster, service, {})).rejects.toThrow('the name is too long');
    expect(cluster.requests).toHaveLength(1);
  });
});
