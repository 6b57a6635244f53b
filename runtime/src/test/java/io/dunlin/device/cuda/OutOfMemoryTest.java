package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No memory, whatever it would be for, ends in a typed error with the sizes, and nothing stays behind. */
@NeedsCuda
@Tag("standin-only")
class OutOfMemoryTest {
    private static final int ROWS = 40;
    private static final int COLUMNS = 32;

    @TempDir
    static Path cache;

    /** Keeps the context of the GPU: with it went what was forgotten. */
    private CudaDevice beside;

    @BeforeEach
    void open() {
        beside = KernelsUnderTest.open(cache);
    }

    @AfterEach
    void close() {
        beside.close();
        CudaStandIn.reset();
    }

    /** What the stand-in has given and not got back. */
    private record Held(long deviceBytes, long pinnedBytes, long handles) {
        static Held now() {
            return new Held(
                    CudaStandIn.held("device_bytes"), CudaStandIn.held("pinned_bytes"), CudaStandIn.held("handles"));
        }
    }

    /** Takes memory in all the ways that training does. */
    private static double train() {
        try (CudaDevice device = KernelsUnderTest.open(cache)) {
            Stream compute = device.stream("compute");
            Stream copies = device.stream("copies");
            MemorySegment staging = device.allocateHost("staging", ROWS * COLUMNS * Float.BYTES);
            Tensor x = tensor(device, ROWS, COLUMNS);
            copies.upload(staging, x.segment());
            compute.await(copies.record());
            compute(device, compute.kernels(), x);
            copies.await(compute.record());
            copies.download(x.segment(), staging);
            copies.synchronize();
            return compute.kernels().sumOfSquares(x);
        }
    }

    private static void compute(CudaDevice device, Kernels kernels, Tensor x) {
        Tensor y = tensor(device, ROWS, COLUMNS);
        Tensor w = tensor(device, COLUMNS, COLUMNS);
        Tensor bias = tensor(device, COLUMNS);
        Tensor dq = tensor(device, ROWS, COLUMNS);
        Tensor dk = tensor(device, ROWS, COLUMNS);
        Tensor dv = tensor(device, ROWS, COLUMNS);
        Tensor logSumExp = tensor(device, 2, ROWS);
        AttentionShape shape = new AttentionShape(1, ROWS, 2, 2, COLUMNS / 2);
        kernels.linear(x, w, bias, x, y);
        kernels.attention(shape, x, x, x, y, logSumExp);
        kernels.attentionBackward(shape, x, x, x, y, logSumExp, y, dq, dk, dv);
        kernels.linearBackwardWeight(dq, x, w, bias, 0);
    }

    private static Tensor tensor(CudaDevice device, long... extents) {
        Shape shape = Shape.of(extents);
        return Tensor.of(DType.F32, shape, device.allocate("tensors", shape.elements() * Float.BYTES));
    }

    private static void requireSizes(CudaException failure, String call) {
        assertThat(failure.call()).startsWith(call);
        assertThat(failure)
                .hasMessageContaining("bytes asked")
                .hasMessageMatching("(?s).*, [0-9,]+ bytes held by this rank, .*bytes free.*");
    }

    @ParameterizedTest
    @CsvSource({
        "cuDevicePrimaryCtxRetain, 2",
        "cuMemAlloc, 2",
        "cuStreamCreate, 2",
        "cuEventCreate, 2",
        "cuEventRecord, 2",
        "cuStreamWaitEvent, 2",
        "cuMemcpyHtoDAsync, 2",
        "cuMemcpyDtoHAsync, 2",
        "cuModuleLoadData, 2",
        "cuModuleGetFunction, 2",
        "cuLaunchKernel, 2",
        "cublasCreate, 3",
        "cublasGemmEx, 3"
    })
    void shouldTellWhatTheGpuLacksMemoryFor(String call, int status) {
        assertThat(everyFailure(call, status)).isNotEmpty().allSatisfy(failure -> {
            requireSizes(failure, call);
            assertThat(failure.code()).isEqualTo("DUN-422");
            assertThat(failure.remedy()).contains("`nvidia-smi`", "`--set train.recompute=layer`", "train.micro_batch");
        });
    }

    @Test
    void shouldTellWhatTheHostLacksMemoryFor() {
        assertThat(everyFailure("cuMemHostRegister", CudaStandIn.OUT_OF_MEMORY))
                .isNotEmpty()
                .allSatisfy(failure -> {
                    requireSizes(failure, "cuMemHostRegister");
                    assertThat(failure.code()).isEqualTo("DUN-424");
                    assertThat(failure.remedy()).contains("`ulimit -l unlimited`");
                });
    }

    /** Lets each call in turn, and all after it, find no memory. */
    private static List<CudaException> everyFailure(String call, int status) {
        Held before = Held.now();
        int callsBefore = CudaStandIn.calls(call);
        train();
        int calls = CudaStandIn.calls(call) - callsBefore;
        assertThat(Held.now()).isEqualTo(before);
        return IntStream.rangeClosed(1, calls)
                .mapToObj(nth -> {
                    CudaStandIn.failFrom(call, nth, status);
                    CudaException failure = catchThrowableOfType(CudaException.class, OutOfMemoryTest::train);
                    CudaStandIn.fail(call, 0, 0);
                    assertThat(failure).as("call %d of %s", nth, call).isNotNull();
                    assertThat(Held.now()).as("after call %d of %s", nth, call).isEqualTo(before);
                    return failure;
                })
                .toList();
    }

    /** Not on request but in truth. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTellWhenOthersHaveFilledTheGpu(boolean hasHandle) {
        Stream stream = beside.stream("compute");
        Tensor x = tensor(beside, 4, 4);
        if (hasHandle) {
            stream.kernels();
        }
        long heldBytes = fill();
        CudaException failure = catchThrowableOfType(
                CudaException.class, () -> stream.kernels().linear(x, x, Tensor.NONE, Tensor.NONE, x));
        requireSizes(failure, hasHandle ? "cuMemAlloc" : "cublasCreate");
        assertThat(failure)
                .hasMessageContaining(hasHandle ? "kernel scratch: 33,554,432 bytes asked" : "a handle of cuBLAS")
                .hasMessageContaining("%,d bytes held", heldBytes);
    }

    /** All but less than a mebibyte. */
    private long fill() {
        long heldBytes = 4 << 20; // the chunk of the small tensors
        for (long lengthBytes = 64 << 20; lengthBytes >= 1 << 20; ) {
            long asked = lengthBytes;
            if (catchThrowableOfType(CudaException.class, () -> beside.allocate("weights", asked)) == null) {
                heldBytes += asked;
            } else {
                lengthBytes /= 2;
            }
        }
        return heldBytes;
    }
}
