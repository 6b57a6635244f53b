package io.dunlin.parallel.mesh;

/** Named {@link ShardDegrees}: one word for each known way to spread a model over ranks. */
public enum ShardScheme {
    /** Every rank has everything. */
    NONE("none", ShardDegrees.REPLICATED),
    /** The optimizer's state is spread over all ranks. */
    ZERO1("zero1", ShardDegrees.ZERO1),
    /** Gradients too. */
    ZERO2("zero2", ShardDegrees.ZERO2),
    /** Weights too. */
    ZERO3("zero3", ShardDegrees.ZERO3),
    /** Everything is spread over the ranks of a host, and hosts are replicas. */
    HSDP("hsdp", ShardDegrees.HYBRID),
    /** As {@link #ZERO3}, with a second copy of the weights in each host. */
    ZERO_PLUS_PLUS("zero++", ShardDegrees.ZERO_PLUS_PLUS),
    /** Weights over a package, gradients over a host, the optimizer's state over all ranks. */
    TOPO("topo", ShardDegrees.THREE_LEVELS);

    private final String label;
    private final ShardDegrees degrees;

    ShardScheme(String label, ShardDegrees degrees) {
        this.label = label;
        this.degrees = degrees;
    }

    /** As job files say it: {@code zero++}. */
    public String label() {
        return label;
    }

    /** What it means. */
    public ShardDegrees degrees() {
        return degrees;
    }
}
