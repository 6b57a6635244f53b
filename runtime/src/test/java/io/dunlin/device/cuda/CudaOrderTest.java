package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.Event;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pipeline over three streams and two buffers, in which every event wait is needed. On a slow bus the stand-in leaves the
 * target of a copy undefined until its end, and for good if its source changes meanwhile. Which waits matter depends on
 * what is slow: readers overtake writers where the way to the device is, writers overtake readers where the way back is.
 */
@NeedsCuda
@Tag("standin-only")
@Tag("cuda")
class CudaOrderTest {
    private static final int CHUNKS = 6;
    private static final int BUFFERS = 2;
    private static final int TRIES = 10;
    private static final int CHUNK_ELEMENTS = 1 << 16;
    /** 5 ms for a chunk, ten times as long as its kernel takes. */
    private static final double SLOW_GB_PER_S = 0.05;

    private static final double FAST_GB_PER_S = 0.5;

    @TempDir
    Path folder;

    private CudaDevice device;
    private TestKernels kernels;
    private CudaStream toDevice;
    private CudaStream compute;
    private CudaStream toHost;
    private MemorySegment input;
    private MemorySegment output;
    private final MemorySegment[] buffers = new MemorySegment[BUFFERS];

    @BeforeEach
    void open() {
        device = TestKernels.open(CudaOptions.of(0, folder));
        kernels = new TestKernels(device);
        toDevice = (CudaStream) device.stream("h2d");
        compute = (CudaStream) device.stream("compute");
        toHost = (CudaStream) device.stream("d2h");
        long chunkBytes = (long) CHUNK_ELEMENTS * Float.BYTES;
        input = device.allocateHost("input", CHUNKS * chunkBytes);
        output = device.allocateHost("output", CHUNKS * chunkBytes);
        for (int i = 0; i < BUFFERS; i++) {
            buffers[i] = device.allocate("buffers", chunkBytes);
        }
        for (long i = 0; i < (long) CHUNKS * CHUNK_ELEMENTS; i++) {
            input.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
    }

    @AfterEach
    void close() {
        CudaStandIn.restore();
        CudaStandIn.set("dropped_wait", 0);
        CudaStandIn.set("paused", 0);
        kernels.close();
        device.close();
    }

    /** Adds 1 to every element; returns how many waits that took. */
    private int addOneToAll() {
        int before = CudaStandIn.calls("cuStreamWaitEvent");
        CudaStandIn.set("paused", 1); // so that no wait is left out because its event was reached already
        Event[] emptied = new Event[BUFFERS];
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            MemorySegment buffer = buffers[chunk % BUFFERS];
            if (emptied[chunk % BUFFERS] != null) {
                toDevice.await(emptied[chunk % BUFFERS]);
            }
            toDevice.upload(chunkOf(input, chunk), buffer);
            compute.await(toDevice.record());
            kernels.multiplyAdd(compute, buffer, 1, 1);
            toHost.await(compute.record());
            toHost.download(buffer, chunkOf(output, chunk));
            emptied[chunk % BUFFERS] = toHost.record();
        }
        CudaStandIn.set("paused", 0);
        toHost.synchronize();
        toDevice.synchronize();
        compute.synchronize();
        return CudaStandIn.calls("cuStreamWaitEvent") - before;
    }

    private static MemorySegment chunkOf(MemorySegment all, int chunk) {
        long chunkBytes = (long) CHUNK_ELEMENTS * Float.BYTES;
        return all.asSlice(chunk * chunkBytes, chunkBytes);
    }

    private long wrongElements() {
        long wrong = 0;
        for (long i = 0; i < (long) CHUNKS * CHUNK_ELEMENTS; i++) {
            wrong += output.getAtIndex(ValueLayout.JAVA_FLOAT, i) == i + 1 ? 0 : 1;
        }
        return wrong;
    }

    @Test
    void shouldBeRightWithAllWaits() {
        CudaStandIn.set("bus_gb_per_s", SLOW_GB_PER_S);
        int waits = addOneToAll();
        assertThat(waits).isEqualTo(2 * CHUNKS + CHUNKS - BUFFERS);
        assertThat(wrongElements()).isZero();
    }

    @Test
    void shouldBeWrongWithoutAnyOneOfTheWaits() {
        CudaStandIn.set("bus_gb_per_s", SLOW_GB_PER_S);
        int waits = addOneToAll();
        for (int nth = 1; nth <= waits; nth++) {
            // A busy machine may delay whoever would come too early, so there are several tries.
            long wrong = 0;
            for (int i = 0; i < TRIES && wrong == 0; i++) {
                wrong += wrongWithout(nth, SLOW_GB_PER_S, FAST_GB_PER_S);
                wrong += wrongWithout(nth, FAST_GB_PER_S, SLOW_GB_PER_S);
            }
            assertThat(wrong).as("wrong without wait %d of %d", nth, waits).isPositive();
        }
        assertThat(wrongWithout(0, SLOW_GB_PER_S, FAST_GB_PER_S)).isZero();
        assertThat(wrongWithout(0, FAST_GB_PER_S, SLOW_GB_PER_S)).isZero();
    }

    private long wrongWithout(int wait, double toDeviceGbPerS, double toHostGbPerS) {
        output.fill((byte) 0);
        CudaStandIn.set("to_device_gb_per_s", toDeviceGbPerS);
        CudaStandIn.set("to_host_gb_per_s", toHostGbPerS);
        CudaStandIn.set("dropped_wait", wait);
        addOneToAll();
        return wrongElements();
    }

    @Test
    void shouldCopyBothWaysAtOnce() throws IOException {
        CudaStandIn.set("bus_gb_per_s", SLOW_GB_PER_S);
        addOneToAll();
        Path file = folder.resolve("trace");
        CudaStandIn.trace(file);
        addOneToAll();
        CudaStandIn.endTrace();
        StandInTrace trace = StandInTrace.read(file);
        long upNs = trace.totalNs("h2d");
        long downNs = trace.totalNs("d2h");
        assertThat(upNs).isPositive();
        assertThat(downNs).isPositive();
        // All but the first upload and the last download can lie beside a copy the other way.
        assertThat((double) trace.sharedNs("h2d", "d2h") / downNs).isGreaterThan(0.3);
    }
}
