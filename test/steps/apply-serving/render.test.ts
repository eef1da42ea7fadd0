import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderRuntime, renderService } from '../../../steps/apply-serving/render.ts';
import { spec } from '../../../steps/apply-serving/spec.ts';
import { namespace } from '../lib/serving/rollout.ts';
import { paramsOf } from './params.ts';

const place = { namespace, runtime: 'gpt-12345678', mode: 'Standard' };

describe('the ServingRuntime', () => {
  const runtime = renderRuntime(paramsOf({ 'encodings-base': '/mnt/models' }), namespace);

  it("is the guide's, put right", () => {
    expect(runtime).toMatchInlineSnapshot(`
      {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {
          "annotations": {
            "opendatahub.io/apiProtocol": "REST",
            "opendatahub.io/recommended-accelerators": "["nvidia.com/gpu"]",
            "opendatahub.io/template-display-name": "vLLM ServingRuntime for KServe",
            "opendatahub.io/template-name": "vllm-cuda-runtime",
            "openshift.io/display-name": "vLLM for openai/gpt-oss-20b",
          },
          "labels": {
            "app.kubernetes.io/instance": "gpt",
            "app.kubernetes.io/managed-by": "llm-rollout",
            "opendatahub.io/dashboard": "true",
          },
          "name": "gpt-91875d2f",
          "namespace": "gpt-oss",
        },
        "spec": {
          "annotations": {
            "opendatahub.io/kserve-runtime": "vllm",
            "prometheus.io/path": "/metrics",
            "prometheus.io/port": "8080",
          },
          "containers": [
            {
              "args": [
                "--port=8080",
                "--model=/mnt/models",
                "--served-model-name={{.Name}}",
                "--tool-call-parser=openai",
                "--enable-auto-tool-choice",
                "--reasoning-parser=openai_gptoss",
              ],
              "command": [
                "python",
                "-m",
                "vllm.entrypoints.openai.api_server",
              ],
              "env": [
                {
                  "name": "HF_HOME",
                  "value": "/tmp/hf_home",
                },
                {
                  "name": "HF_HUB_OFFLINE",
                  "value": "1",
                },
                {
                  "name": "VLLM_NO_USAGE_STATS",
                  "value": "1",
                },
                {
                  "name": "VLLM_CACHE_ROOT",
                  "value": "/tmp/vllm",
                },
                {
                  "name": "XDG_CACHE_HOME",
                  "value": "/tmp",
                },
                {
                  "name": "HOME",
                  "value": "/tmp",
                },
                {
                  "name": "TIKTOKEN_ENCODINGS_BASE",
                  "value": "/mnt/models",
                },
              ],
              "image": "registry.redhat.io/rhaii/vllm-cuda-rhel9:3.4.1",
              "name": "kserve-container",
              "ports": [
                {
                  "containerPort": 8080,
                  "protocol": "TCP",
                },
              ],
              "readinessProbe": {
                "failureThreshold": 3,
                "httpGet": {
                  "path": "/health",
                  "port": 8080,
                },
                "periodSeconds": 10,
                "timeoutSeconds": 5,
              },
              "startupProbe": {
                "failureThreshold": 180,
                "httpGet": {
                  "path": "/health",
                  "port": 8080,
                },
                "periodSeconds": 10,
                "timeoutSeconds": 5,
              },
              "volumeMounts": [
                {
                  "mountPath": "/dev/shm",
                  "name": "shm",
                },
              ],
            },
          ],
          "multiModel": false,
          "supportedModelFormats": [
            {
              "autoSelect": false,
              "name": "vLLM",
            },
          ],
          "volumes": [
            {
              "emptyDir": {
                "medium": "Memory",
                "sizeLimit": "2Gi",
              },
              "name": "shm",
            },
          ],
        },
      }
    `);
  });

  it('is named by its spec: the same spec has the same name, another one another', () => {
    expect(renderRuntime(paramsOf({ 'encodings-base': '/mnt/models' }), namespace).metadata.name).toBe(
      runtime.metadata.name,
    );
    const flags = {
      image: 'x:1',
      args: '--port=1',
      env: 'A=1',
      command: 'vllm',
      'encodings-base': '',
      'shared-memory': '1Gi',
      'startup-timeout': '5m',
    };
    const names = Object.entries(flags).map(
      ([flag, value]) =>
        renderRuntime(paramsOf({ 'encodings-base': '/mnt/models', [flag]: value }), namespace).metadata.name,
    );
    expect(new Set([...names, runtime.metadata.name]).size).toBe(names.length + 1);
  });

  it('fits in a label with the longest service name', () => {
    const longest = 'a'.repeat(53);
    expect(renderRuntime(paramsOf({ service: longest }), namespace).metadata.name.length).toBeLessThanOrEqual(
      63,
    );
  });

  it('is not named by what is only told of it, so that a new model reuses it', () => {
    const other = paramsOf({ 'encodings-base': '/mnt/models', model: 'RedHatAI/gpt-oss-20b' });
    expect(renderRuntime(other, namespace).metadata.name).toBe(runtime.metadata.name);
  });

  it('asks the port that the server listens on', () => {
    const { containers } = renderRuntime(paramsOf({ args: '--port=9000' }), namespace).spec;
    expect(containers[0]).toMatchObject({
      ports: [{ containerPort: 9000 }],
      readinessProbe: { httpGet: { path: '/health', port: 9000 } },
    });
  });

  it('gives the server at least as long to start as it was told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 36_000 }), (seconds) => {
        const { containers } = renderRuntime(paramsOf({ 'startup-timeout': `${seconds}s` }), namespace).spec;
        const { startupProbe } = containers[0] as unknown as {
          startupProbe: { periodSeconds: number; failureThreshold: number };
        };
        const budget = startupProbe.periodSeconds * startupProbe.failureThreshold;
        expect(budget).toBeGreaterThanOrEqual(seconds);
        expect(budget).toBeLessThan(seconds + startupProbe.periodSeconds);
      }),
    );
  });
});

describe('the InferenceService', () => {
  const { service, specHash } = renderService(paramsOf({ 'encodings-base': '/mnt/models' }), place);

  it("is the guide's, put right", () => {
    expect(service).toMatchInlineSnapshot(`
      {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
          "annotations": {
            "haproxy.router.openshift.io/timeout": "600s",
            "openshift.io/display-name": "gpt",
            "security.opendatahub.io/enable-auth": "true",
            "serving.kserve.io/deploymentMode": "Standard",
          },
          "labels": {
            "app.kubernetes.io/instance": "gpt",
            "app.kubernetes.io/managed-by": "llm-rollout",
            "networking.kserve.io/visibility": "exposed",
            "opendatahub.io/dashboard": "true",
          },
          "name": "gpt",
          "namespace": "gpt-oss",
        },
        "spec": {
          "predictor": {
            "annotations": {
              "llm-rollout/spec-hash": "82c15a51eb3c",
            },
            "deploymentStrategy": {
              "type": "Recreate",
            },
            "enableServiceLinks": false,
            "maxReplicas": 1,
            "minReplicas": 1,
            "model": {
              "env": [
                {
                  "name": "TIKTOKEN_ENCODINGS_BASE",
                  "value": "/mnt/models",
                },
              ],
              "modelFormat": {
                "name": "vLLM",
              },
              "resources": {
                "limits": {
                  "cpu": "8",
                  "memory": "32Gi",
                  "nvidia.com/gpu": "1",
                },
                "requests": {
                  "cpu": "4",
                  "memory": "24Gi",
                  "nvidia.com/gpu": "1",
                },
              },
              "runtime": "gpt-12345678",
              "storage": {
                "key": "aws-connection-model-storage",
                "path": "models/openai/gpt/abc/",
              },
            },
            "tolerations": [
              {
                "effect": "NoSchedule",
                "key": "nvidia.com/gpu",
                "operator": "Exists",
              },
            ],
          },
        },
      }
    `);
  });

  it('shows no trace of the run, whose every trace would restart the model', () => {
    const other = renderService(
      paramsOf({
        'encodings-base': '/mnt/models',
        'pipeline-run': 'run-2',
        'manifest-digest': 'x',
        concurrency: 'fail',
        'lock-timeout': '1s',
      }),
      place,
    );
    expect(other).toEqual({ service, specHash });
  });

  it('has the same hash whatever the mode is called', () => {
    const raw = renderService(paramsOf({ 'encodings-base': '/mnt/models' }), {
      ...place,
      mode: 'RawDeployment',
    });
    expect(raw.specHash).toBe(specHash);
    expect(raw.service.metadata.annotations).toMatchObject({
      'serving.kserve.io/deploymentMode': 'RawDeployment',
    });
  });

  it('has another hash whenever it asks for something else', () => {
    const flags = {
      prefix: 'models/openai/gpt/def/',
      gpu: '2',
      'memory-limit': '64Gi',
      auth: 'false',
      exposed: 'false',
      'route-timeout': '1m',
      strategy: 'RollingUpdate',
      replicas: '2',
      'storage-key': 'other',
      tolerations: 'dedicated=ai:NoSchedule',
      'node-selector': 'nvidia.com/gpu.product=NVIDIA-L40S',
    };
    const hashes = Object.entries(flags).map(
      ([flag, value]) => renderService(paramsOf({ [flag]: value }), place).specHash,
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('asks for no GPU and tolerates none when the model runs without', () => {
    const { predictor } = renderService(paramsOf({ gpu: '0' }), place).service.spec ?? {};
    expect(JSON.stringify(predictor)).not.toContain('nvidia');
    expect(predictor).not.toHaveProperty('tolerations');
  });

  it('says nothing of the vocabulary when none was proven', () => {
    expect(JSON.stringify(renderService(paramsOf(), place).service)).not.toContain('TIKTOKEN');
  });
});

describe('names of services', () => {
  it.each(['a', 'gpt-oss-20b-rhaiis', 'a'.repeat(53), 'a1'])('%s may be one', (service) => {
    expect(paramsOf({ service }).service).toBe(service);
  });

  it.each(['1a', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(54), 'a\nb', 'ä'])('%j may be none', (service) => {
    expect(() => paramsOf({ service })).toThrow('--service:');
  });

  it('says what a name may be', () => {
    expect(() => paramsOf({ service: '20b' })).toThrow(
      `--service: "20b" is not ${spec.params.service.shape}`,
    );
  });
});

describe('params that can hurt', () => {
  it.each([
    ['prefix', 'models/gpt'],
    ['prefix', '../models/gpt/'],
    ['prefix', '/models/gpt/'],
    ['env', 'NO_VALUE'],
    ['memory-limit', '32 Gi'],
    ['encodings-base', 'mnt/models'],
    ['image', 'two words'],
    ['concurrency', 'often'],
    ['gpu', '-1'],
    ['pipeline-run', 'Not_A_Name'],
  ])('--%s=%s is refused', (flag, value) => {
    expect(() => paramsOf({ [flag]: value })).toThrow(`--${flag}:`);
  });
});
