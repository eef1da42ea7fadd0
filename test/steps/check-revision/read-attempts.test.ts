import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readAttempts } from '../../../steps/check-revision/read-attempts.ts';
import { memoryCluster } from '../lib/serving/memory-cluster.ts';

const namespace = 'gpt-oss';
const service = 'gpt-oss-20b-rhaiis';
const commit = 'c'.repeat(40);
const labels = { 'llm-rollout/service': service, 'llm-rollout/revision': commit };
const tekton = (kind: string, name: string, metadata: object, rest: object) => ({
  apiVersion: 'tekton.dev/v1',
  kind,
  metadata: { name, namespace, ...metadata },
  ...rest,
});
const ended = (status: string) => ({ conditions: [{ type: 'Succeeded', status }] });

it('tells of each run how it ended, and of a failed one by what', async () => {
  const cluster = memoryCluster();
  const failed = { ...ended('False'), completionTime: '2026-01-01T00:00:00Z' };
  cluster.put(tekton('PipelineRun', 'failed', { labels }, { status: failed }));
  cluster.put(
    tekton('PipelineRun', 'stopped', { labels }, { spec: { status: 'Cancelled' }, status: failed }),
  );
  cluster.put(tekton('PipelineRun', 'running', { labels }, { status: ended('Unknown') }));
  cluster.put(tekton('PipelineRun', 'new', { labels }, {}));
  cluster.put(tekton('PipelineRun', 'done', { labels }, { status: ended('True') }));
  const elsewhere = { ...labels, 'llm-rollout/service': 'another' };
  cluster.put(tekton('PipelineRun', 'elsewhere', { labels: elsewhere }, { status: failed }));
  const of = (run: string) => ({ labels: { 'tekton.dev/pipelineRun': run } });
  const results = [{ name: 'outcome', value: 'unavailable: S3 does not answer' }];
  cluster.put(tekton('TaskRun', 'a', of('failed'), { status: { ...ended('False'), results } }));
  cluster.put(tekton('TaskRun', 'b', of('failed'), { status: ended('False') }));
  cluster.put(tekton('TaskRun', 'c', of('failed'), { status: ended('True') }));
  cluster.put(tekton('TaskRun', 'd', of('running'), { status: ended('False') }));
  const attempts = await readAttempts(cluster, { namespace, service }, commit);
  const endedAt = Date.parse('2026-01-01T00:00:00Z');
  expect(Object.fromEntries(attempts.map(({ run, ...rest }) => [run, rest]))).toEqual({
    failed: { state: 'failed', endedAt, failures: ['unavailable: S3 does not answer', undefined] },
    stopped: { state: 'stopped', endedAt, failures: [] },
    running: { state: 'running', endedAt: undefined, failures: [] },
    new: { state: 'running', endedAt: undefined, failures: [] },
    done: { state: 'succeeded', endedAt: undefined, failures: [] },
  });
});

it('looks for the labels that the listener gives its runs', async () => {
  const text = await readFile(new URL('../../../triggers/eventlistener.yaml', import.meta.url), 'utf8');
  const template = parseAllDocuments(text)
    .map((document) => document.toJS() as { kind: string; spec: { resourcetemplates?: readonly unknown[] } })
    .find(({ kind }) => kind === 'TriggerTemplate');
  expect(template?.spec.resourcetemplates).toEqual([
    expect.objectContaining({
      metadata: expect.objectContaining({
        labels: expect.objectContaining({ ...labels, 'llm-rollout/revision': '$(tt.params.revision)' }),
      }),
    }),
  ]);
});
