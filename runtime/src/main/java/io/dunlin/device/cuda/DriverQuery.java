package io.dunlin.device.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;

/**
 * The few calls that tell what GPUs there are, without JCuda: its classes stay broken for the life of the JVM where a
 * library is missing.
 */
final class DriverQuery {
    private static final long NAME_BYTES = 256;

    private final SymbolLookup driver;

    private DriverQuery(SymbolLookup driver) {
        this.driver = driver;
    }

    /** Asks the driver, if there is one. */
    static Optional<DriverQuery> find() {
        return library(Requirements.DRIVER).map(DriverQuery::new);
    }

    /** A library, by name as the system finds it; it stays loaded. */
    static Optional<SymbolLookup> library(String name) {
        try {
            return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
        } catch (IllegalArgumentException missing) {
            return Optional.empty();
        }
    }

    /** The newest version of CUDA that the driver serves, for example 12060. */
    int version() {
        return number("cuDriverGetVersion");
    }

    /**
     * All GPUs that this process may see; none is no failure.
     *
     * @throws CudaException if the driver does not work
     */
    List<Gpus.Gpu> gpus() {
        int status = status("cuInit", List.of(JAVA_INT), 0);
        if (status == CUresult.CUDA_ERROR_NO_DEVICE) {
            return List.of();
        }
        Cu.check(status, "cuInit");
        return IntStream.range(0, number("cuDeviceGetCount"))
                .mapToObj(this::gpu)
                .toList();
    }

    private Gpus.Gpu gpu(int ordinal) {
        int device = number("cuDeviceGet", ordinal);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(NAME_BYTES);
            call("cuDeviceGetName", List.of(ADDRESS, JAVA_INT, JAVA_INT), name, (int) NAME_BYTES, device);
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            call("cuDeviceTotalMem_v2", List.of(ADDRESS, JAVA_INT), bytes, device);
            return new Gpus.Gpu(
                    name.getString(0),
                    attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device) + "."
                            + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device),
                    bytes.get(JAVA_LONG, 0));
        }
    }

    private int attribute(int attribute, int device) {
        return number("cuDeviceGetAttribute", attribute, device);
    }

    /** What a call writes to its first argument. */
    private int number(String name, Integer... rest) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(JAVA_INT);
            MemoryLayout[] layouts = new MemoryLayout[rest.length + 1];
            Arrays.fill(layouts, JAVA_INT);
            layouts[0] = ADDRESS;
            Object[] arguments = new Object[rest.length + 1];
            System.arraycopy(rest, 0, arguments, 1, rest.length);
            arguments[0] = answer;
            call(name, List.of(layouts), arguments);
            return answer.get(JAVA_INT, 0);
        }
    }

    private void call(String name, List<MemoryLayout> layouts, Object... arguments) {
        Cu.check(status(name, layouts, arguments), name);
    }

    private int status(String name, List<MemoryLayout> layouts, Object... arguments) {
        MemorySegment function = driver.find(name)
                .orElseThrow(() -> CudaException.unavailable(
                        "%s has no %s".formatted(Requirements.DRIVER, name),
                        Requirements.INSTALL_DRIVER,
                        new UnsatisfiedLinkError(name)));
        FunctionDescriptor type = FunctionDescriptor.of(JAVA_INT, layouts.toArray(MemoryLayout[]::new));
        try {
            return (int) Linker.nativeLinker().downcallHandle(function, type).invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(name, e);
        }
    }
}
