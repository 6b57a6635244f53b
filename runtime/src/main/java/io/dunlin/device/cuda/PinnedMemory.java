package io.dunlin.device.cuda;

import com.sun.management.OperatingSystemMXBean;
import io.dunlin.device.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Memory of the host that the GPU copies from and to by itself. All methods run on the owner of the context.
 *
 * <p>Ordinary memory is registered with the driver. Memory allocated by the driver would come as a {@code ByteBuffer},
 * and beyond 2 GiB JCuda would pin it and then lose its address.
 */
final class PinnedMemory {
    private static final long PAGE_BYTES = 4096;

    private final List<Block> blocks = new ArrayList<>();
    private long heldBytes;

    private record Block(MemorySegment memory, Arena arena) {
        /** Whether the driver let it go. */
        boolean release() {
            boolean released = JCudaDriver.cuMemHostUnregister(Address.of(memory)) == CUresult.CUDA_SUCCESS;
            if (released) {
                arena.close();
            }
            return released;
        }
    }

    MemorySegment allocate(String purpose, long lengthBytes) {
        long wholePages = (lengthBytes + PAGE_BYTES - 1) & -PAGE_BYTES;
        if (wholePages == 0) {
            return Arena.global().allocate(0, PAGE_BYTES);
        }
        Arena arena = Arena.ofShared();
        try {
            MemorySegment memory = pinned(purpose, wholePages, arena);
            blocks.add(new Block(memory, arena));
            heldBytes += wholePages;
            return memory.asSlice(0, lengthBytes);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private MemorySegment pinned(String purpose, long wholePages, Arena arena) {
        MemorySegment memory = Pages.map(wholePages, arena);
        if (memory.byteSize() == 0) {
            throw notPinned(purpose, wholePages, 0);
        }
        int status =
                JCudaDriver.cuMemHostRegister(Address.of(memory), wholePages, JCudaDriver.CU_MEMHOSTREGISTER_PORTABLE);
        if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw notPinned(purpose, wholePages, status);
        }
        Cu.check(status, "cuMemHostRegister");
        return memory;
    }

    private CudaException notPinned(String purpose, long askedBytes, int status) {
        OperatingSystemMXBean host = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        CudaException.MemoryState state = new CudaException.MemoryState(
                askedBytes, heldBytes, host.getFreeMemorySize(), host.getTotalMemorySize());
        return CudaException.notPinned(purpose, state, status);
    }

    /** Gives the memory back, unless the driver keeps some of it, as it does after a fault: that is left to it. */
    void close() {
        blocks.removeIf(Block::release);
    }
}
