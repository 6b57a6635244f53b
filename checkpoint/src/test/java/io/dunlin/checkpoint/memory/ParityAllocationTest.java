package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parity of an extent allocates nothing, however it is computed. */
class ParityAllocationTest {
    private static final int CALLS = 100;
    private static final int MOST_WARM_UPS = 200;
    private static final int BYTES = 3 * ShardTransform.STRIDE_BYTES + 77;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @CsvSource({"8,1", "8,2", "8,3", "10,4"})
    void shouldAllocateNothing(int data, int parity) {
        ReedSolomon code = new ReedSolomon(data, parity);
        List<MemorySegment> shards = Shards.random(new Random(1), data + parity, BYTES);
        List<MemorySegment> ofData = shards.subList(0, data);
        List<MemorySegment> ofParity = shards.subList(data, data + parity);
        ShardTransform encoder = code.encoder();
        ShardTransform decoder = code.decoder(
                IntStream.range(parity, data + parity).boxed().toList(),
                IntStream.range(0, parity).boxed().toList());
        List<MemorySegment> left = Shards.chosen(shards, decoder.inputs());
        List<MemorySegment> lost = Shards.chosen(shards, decoder.outputs());

        check(() -> {
            encoder.apply(ofData, ofParity, 0, BYTES);
            encoder.accumulate(1, 0, ofData.get(0), ofParity);
            encoder.update(1, 0, ofData.get(0), ofData.get(1), ofParity);
            decoder.apply(left, lost, 0, BYTES);
        });
    }

    private static void check(Runnable call) {
        long allocated = Long.MAX_VALUE;
        for (int round = 0; round < MOST_WARM_UPS && allocated > 0; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).as("bytes of %d calls", CALLS).isZero();
    }
}
