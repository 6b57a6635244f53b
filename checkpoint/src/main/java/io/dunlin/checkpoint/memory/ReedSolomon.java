package io.dunlin.checkpoint.memory;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An erasure code: parity shards beside data shards, so that any of them may be lost, up to as many as there are parity shards.
 *
 * <p>Shards have numbers, data before parity. Up to three parity shards are those of RAID-6, P = sum of d_j, Q = sum of
 * 2^j d_j, and R = sum of 4^j d_j, which need no tables; more are rows of a Cauchy matrix. Both are the bytes that ISA-L
 * computes of {@code gf_gen_rs_matrix} and of {@code gf_gen_cauchy1_matrix}. ISA-L's first matrix is not used beyond three rows,
 * where it cannot make up for every loss (its header says for which numbers it can).
 *
 * <p>Sources: H. P. Anvin, "The mathematics of RAID-6"; J. Bloemer and others, "An XOR-based erasure-resilient coding scheme"
 * (Cauchy matrices).
 */
public final class ReedSolomon {
    /** Of data and parity together: the elements of the field. */
    public static final int MOST_SHARDS = GaloisField.ELEMENTS;

    private final int dataShards;
    private final int parityShards;
    private final ShardKernels kernels;
    /** [data + parity, data]: an identity above the rows of parity. */
    private final ByteMatrix generator;

    /**
     * A code.
     *
     * @param dataShards at least 1
     * @param parityShards at least 1; together at most {@link #MOST_SHARDS}
     */
    public ReedSolomon(int dataShards, int parityShards) {
        this(dataShards, parityShards, ShardKernels.fastest());
    }

    ReedSolomon(int dataShards, int parityShards, ShardKernels kernels) {
        if (dataShards < 1 || parityShards < 1 || dataShards + parityShards > MOST_SHARDS) {
            throw new IllegalArgumentException(
                    "no code of %d data and %d parity shards: at least 1 of each, at most %d together"
                            .formatted(dataShards, parityShards, MOST_SHARDS));
        }
        this.dataShards = dataShards;
        this.parityShards = parityShards;
        this.kernels = kernels;
        this.generator = ByteMatrix.identity(dataShards)
                .above(
                        parityShards <= ShardKernels.MOST_POWER_SUMS
                                ? ByteMatrix.powers(parityShards, dataShards)
                                : ByteMatrix.cauchy(parityShards, dataShards));
    }

    /** Shards of data. */
    public int dataShards() {
        return dataShards;
    }

    /** Shards of parity. */
    public int parityShards() {
        return parityShards;
    }

    /** Data shards to parity shards. Parity must be as long as the longest data shard. */
    public ShardTransform encoder() {
        List<Integer> data = IntStream.range(0, dataShards).boxed().toList();
        List<Integer> parity =
                IntStream.range(dataShards, dataShards + parityShards).boxed().toList();
        return new ShardTransform(data, parity, dataShards, generator.rows(parity), kernels);
    }

    /**
     * Shards that are left to shards that are lost. It reads as many as there are data shards, of those left the ones with the
     * lowest numbers: see {@link ShardTransform#inputs}. Parity shards among them must be whole.
     *
     * @param left numbers of shards at hand, in any order
     * @param lost numbers of shards to rebuild, data or parity, in the order in which they are wanted
     * @throws IllegalArgumentException if too few are left, or a number is not that of a shard or is there twice
     */
    public ShardTransform decoder(Collection<Integer> left, List<Integer> lost) {
        List<Integer> all = new ArrayList<>(left);
        all.addAll(lost);
        if (all.stream().distinct().count() < all.size()
                || all.stream().anyMatch(shard -> shard < 0 || shard >= dataShards + parityShards)) {
            throw new IllegalArgumentException("shards left %s and lost %s are not different ones of 0 to %d"
                    .formatted(left, lost, dataShards + parityShards - 1));
        }
        if (left.size() < dataShards) {
            throw new IllegalArgumentException("%d shards of %d + %d are left, too few to rebuild others"
                    .formatted(left.size(), dataShards, parityShards));
        }
        List<Integer> sources = left.stream().sorted().limit(dataShards).toList();
        ByteMatrix toData = generator.rows(sources).inverse();
        return new ShardTransform(
                sources, lost, dataShards, generator.rows(lost).times(toData), kernels);
    }
}
