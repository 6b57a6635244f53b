package io.dunlin.checkpoint.memory;

/**
 * Which host of a group keeps which shard of which stripe.
 *
 * <p>A host's own data is cut into as many blocks as a stripe has data shards; there are as many stripes as hosts, and of each
 * stripe every host keeps one shard, a different one of each. So all keep the same number of parity shards, and whichever
 * hosts are lost, a stripe misses one shard for each. Five hosts and two parity shards, D0 being a host's first block:
 *
 * <pre>
 *            stripe 0   1    2    3    4
 *   host 0          P   D2   D1   D0   Q
 *   host 1          Q   P    D2   D1   D0
 *   host 2          D0  Q    P    D2   D1
 *   host 3          D1  D0   Q    P    D2
 *   host 4          D2  D1   D0   Q    P
 * </pre>
 *
 * <p>Source: left-symmetric RAID-5, for any number of parity shards.
 *
 * @param hosts of the group, numbered from 0; one more than parity shards at least
 * @param parityShards of each stripe; so many hosts may be lost
 */
public record StripeLayout(int hosts, int parityShards) {
    /** Blocks are multiples of it, but for a host's last ones. */
    public static final int BLOCK_ALIGNMENT_BYTES = 64;

    /**
     * Where a block is in its host's data.
     *
     * @param offsetBytes from the beginning of the data
     * @param lengthBytes 0 where the data has ended before
     */
    public record Block(long offsetBytes, long lengthBytes) {}

    /** Checks the numbers. */
    public StripeLayout {
        if (parityShards < 1 || hosts <= parityShards || hosts > ReedSolomon.MOST_SHARDS) {
            throw new IllegalArgumentException(
                    "no stripes of %d hosts with %d parity shards: hosts must be more, and at most %d"
                            .formatted(hosts, parityShards, ReedSolomon.MOST_SHARDS));
        }
    }

    /** As many as hosts. */
    public int stripes() {
        return hosts;
    }

    /** Of each stripe, and blocks of each host. */
    public int dataShards() {
        return hosts - parityShards;
    }

    /** The code of each stripe. */
    public ReedSolomon code() {
        return new ReedSolomon(dataShards(), parityShards);
    }

    /** Who keeps a shard; data shards come before parity shards. */
    public int host(int stripe, int shard) {
        return (stripe + parityShards + shard) % hosts;
    }

    /** Which shard of a stripe a host keeps. A data shard has the number of the block in its host's data. */
    public int shard(int stripe, int host) {
        return Math.floorMod(host - stripe - parityShards, hosts);
    }

    /** Of which stripe a host keeps this shard. */
    public int stripe(int host, int shard) {
        return Math.floorMod(host - shard - parityShards, hosts);
    }

    /** Where a block lies in a host's data of {@code dataBytes}. */
    public Block block(int block, long dataBytes) {
        long blockBytes = blockBytes(dataBytes);
        long offset = Math.min(block * blockBytes, dataBytes);
        return new Block(offset, Math.min(blockBytes, dataBytes - offset));
    }

    /**
     * Bytes of each parity shard of a stripe: of the longest of its blocks.
     *
     * @param dataBytes of each host of the group
     */
    public long parityBytes(int stripe, long[] dataBytes) {
        long most = 0;
        for (int shard = 0; shard < dataShards(); shard++) {
            long ofHost = dataBytes[host(stripe, shard)];
            most = Math.max(most, block(shard, ofHost).lengthBytes());
        }
        return most;
    }

    private long blockBytes(long dataBytes) {
        long even = Math.ceilDiv(dataBytes, dataShards());
        return Math.ceilDiv(even, BLOCK_ALIGNMENT_BYTES) * BLOCK_ALIGNMENT_BYTES;
    }
}
