package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StripeLayoutTest {
    static Stream<StripeLayout> layouts() {
        return IntStream.rangeClosed(2, 11).boxed().flatMap(hosts -> IntStream.range(1, hosts)
                .mapToObj(parity -> new StripeLayout(hosts, parity)));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void shouldGiveEachHostOneShardOfEachStripe(StripeLayout layout) {
        for (int stripe = 0; stripe < layout.stripes(); stripe++) {
            Set<Integer> hosts = new HashSet<>();
            for (int shard = 0; shard < layout.hosts(); shard++) {
                int host = layout.host(stripe, shard);
                hosts.add(host);
                assertThat(layout.shard(stripe, host)).isEqualTo(shard);
                assertThat(layout.stripe(host, shard)).isEqualTo(stripe);
            }
            assertThat(hosts).hasSize(layout.hosts()).allMatch(host -> host >= 0 && host < layout.hosts());
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void shouldGiveEachHostTheSameShareOfParity(StripeLayout layout) {
        for (int host = 0; host < layout.hosts(); host++) {
            int parity = 0;
            Set<Integer> blocks = new HashSet<>();
            for (int stripe = 0; stripe < layout.stripes(); stripe++) {
                int shard = layout.shard(stripe, host);
                if (shard >= layout.dataShards()) {
                    parity++;
                } else {
                    blocks.add(shard);
                }
            }
            assertThat(parity).isEqualTo(layout.parityShards());
            assertThat(blocks).hasSize(layout.dataShards());
        }
    }

    @Test
    void shouldPutParityRowRHostsAfterTheStripesNumber() {
        StripeLayout layout = new StripeLayout(5, 2);

        assertThat(IntStream.range(0, 5).map(host -> layout.shard(1, host))).containsExactly(2, 3, 4, 0, 1);
        assertThat(IntStream.range(0, 5).map(stripe -> layout.host(stripe, 3))).containsExactly(0, 1, 2, 3, 4);
        assertThat(IntStream.range(0, 5).map(stripe -> layout.host(stripe, 4))).containsExactly(1, 2, 3, 4, 0);
    }

    @Test
    void shouldCutDataIntoBlocksWithoutGapsOrOverlaps() {
        StripeLayout layout = new StripeLayout(7, 2);
        for (long bytes : new long[] {0, 1, 63, 64, 65, 319, 320, 321, 1000, 12_345, (1L << 40) + 17}) {
            long at = 0;
            for (int block = 0; block < layout.dataShards(); block++) {
                StripeLayout.Block part = layout.block(block, bytes);
                assertThat(part.offsetBytes()).isEqualTo(at);
                assertThat(part.lengthBytes()).isBetween(0L, bytes / 5 + 64);
                at += part.lengthBytes();
                assertThat(at % StripeLayout.BLOCK_ALIGNMENT_BYTES == 0 || at == bytes)
                        .isTrue();
            }
            assertThat(at).isEqualTo(bytes);
        }
    }

    /** m / (n - m) of the data, but for padding of the blocks. */
    @ParameterizedTest
    @MethodSource("layouts")
    void shouldTakeNoMoreMemoryThanTheCodeNeeds(StripeLayout layout) {
        long[] bytes = new long[layout.hosts()];
        Arrays.fill(bytes, 1_000_000);
        long parity = 0;
        for (int stripe = 0; stripe < layout.stripes(); stripe++) {
            parity += layout.parityShards() * layout.parityBytes(stripe, bytes);
        }
        long least = Math.ceilDiv(1_000_000L * layout.hosts() * layout.parityShards(), layout.dataShards());

        assertThat(parity).isBetween(least, least + least / 50);
    }

    /** Every choice of as many hosts as there are parity shards, with data of different lengths, some of none. */
    @ParameterizedTest
    @MethodSource("layouts")
    void shouldRebuildTheDataOfWhicheverHostsAreLost(StripeLayout layout) {
        if (layout.hosts() > 8) {
            return; // only more of the same
        }
        Random random = new Random(layout.hosts());
        List<MemorySegment> data = new ArrayList<>();
        long[] bytes = new long[layout.hosts()];
        for (int host = 0; host < layout.hosts(); host++) {
            bytes[host] = host == 1 ? 0 : random.nextInt(900);
            data.add(Shards.random(random, bytes[host]));
        }
        List<List<MemorySegment>> stripes = new ArrayList<>();
        for (int stripe = 0; stripe < layout.stripes(); stripe++) {
            stripes.add(encoded(layout, stripe, data, bytes));
        }
        for (Set<Integer> lost : Shards.subsets(layout.hosts(), layout.parityShards())) {
            for (int stripe = 0; stripe < layout.stripes(); stripe++) {
                rebuild(layout, stripe, stripes.get(stripe), lost);
            }
        }
    }

    /** The shards of a stripe, by number. */
    private static List<MemorySegment> encoded(
            StripeLayout layout, int stripe, List<MemorySegment> data, long[] bytes) {
        List<MemorySegment> shards = new ArrayList<>();
        for (int shard = 0; shard < layout.dataShards(); shard++) {
            int host = layout.host(stripe, shard);
            StripeLayout.Block block = layout.block(shard, bytes[host]);
            shards.add(data.get(host).asSlice(block.offsetBytes(), block.lengthBytes()));
        }
        List<MemorySegment> parity = Shards.zeros(layout.parityShards(), layout.parityBytes(stripe, bytes));
        layout.code().encoder().apply(shards, parity);
        shards.addAll(parity);
        return shards;
    }

    private static void rebuild(StripeLayout layout, int stripe, List<MemorySegment> shards, Set<Integer> lostHosts) {
        List<Integer> left = new ArrayList<>();
        List<Integer> lost = new ArrayList<>();
        for (int shard = 0; shard < layout.hosts(); shard++) {
            (lostHosts.contains(layout.host(stripe, shard)) ? lost : left).add(shard);
        }
        Shards.checkRebuilt(layout.code(), shards, left, lost);
    }

    @Test
    void shouldRefuseGroupsThatCannotLoseSoMany() {
        assertThatThrownBy(() -> new StripeLayout(2, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StripeLayout(3, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StripeLayout(257, 2)).isInstanceOf(IllegalArgumentException.class);
    }
}
