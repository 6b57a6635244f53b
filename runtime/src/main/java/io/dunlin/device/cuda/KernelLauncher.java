package io.dunlin.device.cuda;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;

/**
 * Puts kernels on one stream: {@link #begin} a call, give its parameters in the order of kernels.cu, then launch.
 *
 * <p>Parameters are written into native memory that was laid out once, because the driver copies them during the call;
 * so a launch puts nothing on the heap. One thread uses a launcher at a time.
 */
final class KernelLauncher {
    /** Threads of a block unless a kernel needs another number. */
    static final int THREADS = 256;

    static final int WARP = 32;

    private static final int MOST_PARAMETERS = 24;
    /** Most blocks in directions y and z. */
    private static final int MOST_BLOCKS_Y = 65_535;
    /** Enough to fill any GPU several times over; a thread of an elementwise kernel goes on with further elements. */
    private static final int MOST_BLOCKS_X = 8192;

    private final CudaStream stream;
    private final KernelModule module;
    private final MemorySegment slots;
    private final MemorySegment addresses;
    private final Pointer parameters;
    private CUfunction function = new CUfunction();
    private String call = "";
    private int count;

    KernelLauncher(CudaStream stream, KernelModule module) {
        this.stream = stream;
        this.module = module;
        Arena arena = Arena.ofAuto();
        this.slots = arena.allocate(ValueLayout.JAVA_LONG, MOST_PARAMETERS);
        this.addresses = arena.allocate(ValueLayout.ADDRESS, MOST_PARAMETERS);
        for (int i = 0; i < MOST_PARAMETERS; i++) {
            addresses.setAtIndex(ValueLayout.ADDRESS, i, slots.asSlice((long) i * Long.BYTES));
        }
        this.parameters = Address.of(addresses);
    }

    /** An entry point that is there in one type only. */
    Entry entry(String entryName) {
        return new Entry(entryName, "cuLaunchKernel(" + entryName + ")", module.function(entryName));
    }

    /** An entry point that is there in F32 and in BF16. */
    TypedEntry typed(String entryName) {
        return new TypedEntry(entry(entryName + "_f32"), entry(entryName + "_bf16"));
    }

    KernelLauncher begin(Entry entry) {
        function = entry.function;
        call = entry.launch;
        count = 0;
        return this;
    }

    /** The next parameters: the address and the row stride of a matrix; an absent one has address 0. */
    KernelLauncher matrix(Tensor tensor) {
        return vector(tensor).number(tensor.rowStride());
    }

    /** The next parameter: the address of a dense tensor; 0 if it is absent. */
    KernelLauncher vector(Tensor tensor) {
        return number(tensor.address());
    }

    /** The next parameter, 64 bits. */
    KernelLauncher number(long value) {
        slots.setAtIndex(ValueLayout.JAVA_LONG, count++, value);
        return this;
    }

    /** The next parameter, 32 bits. */
    KernelLauncher integer(int value) {
        return number(value);
    }

    /** The next parameter, F32. */
    KernelLauncher real(float value) {
        return number(Float.floatToRawIntBits(value) & 0xFFFF_FFFFL);
    }

    /** One thread per element of a matrix; see FOR_EACH_ELEMENT. */
    void overElements(long rows, long columns) {
        if (rows == 0 || columns == 0) {
            return;
        }
        long across = (columns + THREADS - 1) / THREADS;
        launch((int) Math.min(across, MOST_BLOCKS_X), (int) Math.min(rows, MOST_BLOCKS_Y), THREADS);
    }

    /** A block per row, as wide as the rows allow. */
    void overRows(long rows, long columns) {
        long warps = Math.clamp((columns + WARP - 1) / WARP, 1, columns < 4096 ? 8 : 16);
        overBlocks(rows, (int) warps * WARP);
    }

    /** As many blocks as asked. */
    void overBlocks(long blocks, int threads) {
        if (blocks > 0) {
            launch(Math.toIntExact(blocks), 1, threads);
        }
    }

    private void launch(int blocksX, int blocksY, int threads) {
        launch(blocksX, blocksY, 1, threads, 0);
    }

    void launch(int blocksX, int blocksY, int blocksZ, int threads, int sharedBytes) {
        launch(blocksX, blocksY, blocksZ, threads, 1, sharedBytes);
    }

    /** Blocks of 32 x 8 threads, 32 columns each, by chunks of rows. */
    void overColumns(long columns, int chunks) {
        if (columns == 0) {
            return;
        }
        launch(Math.toIntExact((columns + WARP - 1) / WARP), chunks, 1, WARP, THREADS / WARP, 0);
    }

    private void launch(int blocksX, int blocksY, int blocksZ, int threadsX, int threadsY, int sharedBytes) {
        stream.enter();
        stream.account()
                .check(
                        JCudaDriver.cuLaunchKernel(
                                function,
                                blocksX,
                                blocksY,
                                blocksZ,
                                threadsX,
                                threadsY,
                                1,
                                sharedBytes,
                                stream.handle(),
                                parameters,
                                null),
                        call,
                        "the launch of a kernel");
    }

    /** An entry point; its name and the call that launches it are for errors. */
    record Entry(String name, String launch, CUfunction function) {}

    /** The two forms of an entry point. */
    record TypedEntry(Entry f32, Entry bf16) {
        Entry of(DType type) {
            return switch (type) {
                case F32 -> f32;
                case BF16 -> bf16;
                default ->
                    throw new IllegalArgumentException("%s computes in F32 and BF16, not %s".formatted(f32.name, type));
            };
        }
    }
}
