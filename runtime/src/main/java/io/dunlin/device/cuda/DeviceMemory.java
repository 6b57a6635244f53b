package io.dunlin.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Memory of the GPU that lives until the device closes. Small requests share chunks, because the driver rounds every
 * request up generously. All methods run on the owner of the context.
 *
 * <p>The segments belong to an arena that only the owner may access, and the owner never does: whoever reads one on the
 * host gets a {@link WrongThreadException} instead of bringing the process down.
 */
final class DeviceMemory {
    static final long ALIGNMENT_BYTES = 256;
    private static final long CHUNK_BYTES = 4L << 20;
    private static final long NONE = 0;

    private final MemoryAccount account;
    private final Arena arena = Arena.ofConfined();
    private final List<DeviceAddress> blocks = new ArrayList<>();
    private long chunkStart;
    private long chunkLeftBytes;

    DeviceMemory(MemoryAccount account) {
        this.account = account;
    }

    /** What a request takes. */
    static long rounded(long lengthBytes) {
        return (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }

    MemorySegment allocate(String purpose, long lengthBytes) {
        long neededBytes = rounded(lengthBytes);
        long address = neededBytes >= CHUNK_BYTES / 4 ? block(purpose, neededBytes) : fromChunk(purpose, neededBytes);
        return MemorySegment.ofAddress(address).reinterpret(lengthBytes, arena, null);
    }

    private long fromChunk(String purpose, long neededBytes) {
        if (neededBytes == 0) {
            return 0;
        }
        if (chunkLeftBytes < neededBytes) {
            long chunk = tryBlock(CHUNK_BYTES);
            if (chunk == NONE) {
                return block(purpose, neededBytes);
            }
            chunkStart = chunk;
            chunkLeftBytes = CHUNK_BYTES;
        }
        long address = chunkStart;
        chunkStart += neededBytes;
        chunkLeftBytes -= neededBytes;
        return address;
    }

    private long block(String purpose, long lengthBytes) {
        long address = tryBlock(lengthBytes);
        if (address == NONE) {
            throw account.outOfMemory("cuMemAlloc", purpose, lengthBytes);
        }
        return address;
    }

    /** The address of zeroed memory, or {@link #NONE} if there is not enough. */
    private long tryBlock(long lengthBytes) {
        DeviceAddress block = new DeviceAddress();
        int status = JCudaDriver.cuMemAlloc(block, lengthBytes);
        if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            return NONE;
        }
        Cu.check(status, "cuMemAlloc");
        blocks.add(block);
        account.add(lengthBytes);
        zero(block, lengthBytes);
        return block.value();
    }

    /** Waits, so that no stream of the device has to know of it. */
    private static void zero(DeviceAddress block, long lengthBytes) {
        Cu.check(JCudaDriver.cuMemsetD8(block, (byte) 0, lengthBytes), "cuMemsetD8");
        Cu.check(JCudaDriver.cuCtxSynchronize(), "cuCtxSynchronize");
    }

    /** Frees everything; a GPU that has stopped answers with its fault, which was told of before. */
    void close() {
        blocks.forEach(JCudaDriver::cuMemFree);
        blocks.clear();
        arena.close();
    }
}
