package io.dunlin.device.cpu;

import io.dunlin.device.Device;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.device.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** The CPU as a {@link Device}: memory, and streams that compute on a team of threads. */
public final class CpuDevice implements Device {
    private static final long ALIGNMENT_BYTES = 64;
    private static final long POOL_BYTES = 4L << 20;

    private final CpuOptions options;
    private final Arena arena = Arena.ofShared();
    private final SequencedMap<String, Long> allocatedBytes = new LinkedHashMap<>();
    private MemorySegment pool = MemorySegment.NULL;

    private final Team team;
    private final List<ProductEngine> engines = new ArrayList<>();
    private final Optional<OneDnnLibrary> library;
    private final String products;

    private CpuDevice(CpuOptions options) {
        this.options = options;
        this.team = new Team(options.kernels() == KernelChoice.FAST ? options.threads() : 1);
        if (options.kernels() == KernelChoice.PLAIN) {
            library = Optional.empty();
            products = "plain kernels";
            return;
        }
        OneDnnLibrary.Loaded loaded = OneDnnLibrary.load(options.nativeCache());
        library = loaded.library();
        products = loaded.description();
    }

    /** Opens the CPU; where oneDNN cannot be loaded, {@link #description()} says why and what computes instead. */
    public static CpuDevice open(CpuOptions options) {
        return new CpuDevice(options);
    }

    @Override
    public String description() {
        return "cpu, %d thread%s, %d-bit vectors, %s"
                .formatted(team.threads(), team.threads() == 1 ? "" : "s", Lanes.F.vectorBitSize(), products);
    }

    @Override
    public synchronized MemorySegment allocate(String purpose, long lengthBytes) {
        long roundedBytes = (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
        MemorySegment segment = options.memory().offer(purpose, roundedBytes);
        if (segment.byteSize() < roundedBytes) {
            segment = roundedBytes >= POOL_BYTES / 4 ? map(purpose, roundedBytes) : takeFromPool(purpose, roundedBytes);
        }
        allocatedBytes.merge(purpose, roundedBytes, Long::sum);
        return segment.asSlice(0, lengthBytes);
    }

    /** Memory of the device is memory of the host; this one is not counted as the device's. */
    @Override
    public synchronized MemorySegment allocateHost(String purpose, long lengthBytes) {
        return map(purpose, (lengthBytes + ALIGNMENT_BYTES) & -ALIGNMENT_BYTES).asSlice(0, lengthBytes);
    }

    @Override
    public boolean hostReadable() {
        return true;
    }

    private MemorySegment takeFromPool(String purpose, long lengthBytes) {
        if (pool.byteSize() < lengthBytes) {
            pool = map(purpose, POOL_BYTES);
        }
        MemorySegment taken = pool.asSlice(0, lengthBytes);
        pool = pool.asSlice(lengthBytes);
        return taken;
    }

    private MemorySegment map(String purpose, long lengthBytes) {
        MemorySegment mapped = Pages.map(lengthBytes, arena);
        if (mapped.byteSize() == 0) {
            long held =
                    allocatedBytes.values().stream().mapToLong(Long::longValue).sum();
            throw CpuException.outOfMemory(purpose, lengthBytes, held);
        }
        return mapped;
    }

    @Override
    public synchronized SequencedMap<String, Long> allocatedBytes() {
        return Collections.unmodifiableSequencedMap(new LinkedHashMap<>(allocatedBytes));
    }

    @Override
    public synchronized Stream stream(String role) {
        return new CpuStream(role, kernels());
    }

    private Kernels kernels() {
        if (options.kernels() == KernelChoice.PLAIN) {
            return new PlainKernels();
        }
        int workers = team.threads();
        ProductEngine engine = library.<ProductEngine>map(
                        dnnl -> new OneDnnProducts(dnnl, new Scratch(this, workers), workers))
                .orElseGet(() -> new VectorProducts(new Scratch(this, workers)));
        engines.add(engine);
        return new FastKernels(team, engine, new Scratch(this, workers));
    }

    @Override
    public synchronized void close() {
        team.close();
        engines.forEach(ProductEngine::close);
        engines.clear();
        arena.close();
    }
}
