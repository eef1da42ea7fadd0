module llm-rollout/test/cluster/coredns

go 1.26.0
