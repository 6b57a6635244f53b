package io.dunlin.launcher.bench;

import io.dunlin.device.AttentionShape;
import io.dunlin.launcher.place.ComputeDevice;
import java.util.List;
import java.util.Locale;

/** How large the operands of {@link DeviceBench} are: so that a kernel takes long enough to be measured, and not longer. */
public enum BenchSize {
    /** For the stand-in for CUDA, and for a quick look. */
    SMALL(
            List.of(new Product(64, 64, 64), new Product(128, 128, 256)),
            List.of(64L << 10, 1L << 20, 4L << 20),
            new Rows(128, 256, 1024),
            new AttentionShape(1, 64, 2, 2, 32),
            64 << 10,
            32L << 20),
    /** For CPUs: more than their caches hold. */
    MEDIUM(
            List.of(new Product(512, 512, 512), new Product(2048, 768, 768), new Product(2048, 768, 3072)),
            List.of(1L << 20, 16L << 20, 64L << 20),
            new Rows(4096, 2048, 50_304),
            new AttentionShape(2, 512, 12, 12, 64),
            8 << 20,
            512L << 20),
    /** For GPUs. */
    LARGE(
            List.of(new Product(1024, 1024, 1024), new Product(8192, 4096, 4096), new Product(8192, 4096, 16_384)),
            List.of(1L << 20, 16L << 20, 256L << 20),
            new Rows(16_384, 4096, 50_304),
            new AttentionShape(4, 2048, 32, 8, 128),
            64 << 20,
            3L << 30);

    /** y[R,N] = x[R,C] * w[N,C]^T. */
    record Product(long rows, long inputs, long outputs) {}

    /** Activations of {@code rows} x {@code width}; an eighth of the rows, over a vocabulary, for the loss. */
    record Rows(long rows, long width, long vocabulary) {
        long lossRows() {
            return rows / 8;
        }
    }

    private final List<Product> products;
    private final List<Long> copiesBytes;
    private final Rows rows;
    private final AttentionShape attention;
    private final long parameters;
    private final long workspaceBytes;

    BenchSize(
            List<Product> products,
            List<Long> copiesBytes,
            Rows rows,
            AttentionShape attention,
            long parameters,
            long workspaceBytes) {
        this.products = products;
        this.copiesBytes = copiesBytes;
        this.rows = rows;
        this.attention = attention;
        this.parameters = parameters;
        this.workspaceBytes = workspaceBytes;
    }

    /** What takes a device long enough. */
    public static BenchSize usual(ComputeDevice opened) {
        if (StandIn.is(opened.device().description())) {
            return SMALL;
        }
        return switch (opened.kind()) {
            case CPU -> MEDIUM;
            case CUDA -> LARGE;
        };
    }

    /** For people: {@code small}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    List<Product> products() {
        return products;
    }

    List<Long> copiesBytes() {
        return copiesBytes;
    }

    Rows rows() {
        return rows;
    }

    AttentionShape attention() {
        return attention;
    }

    /** Of one update. */
    long parameters() {
        return parameters;
    }

    /** Of all operands of any one kernel. */
    long workspaceBytes() {
        return workspaceBytes;
    }
}
