package io.dunlin.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/**
 * Kernels that the GPU has loaded. The driver translates PTX for the GPU at hand when it is first loaded on a machine,
 * and keeps the result in a cache of its own.
 */
final class KernelModule implements AutoCloseable {
    private final MemoryAccount account;
    private final CUmodule module = new CUmodule();
    private final Map<String, CUfunction> functions = new HashMap<>();

    private KernelModule(MemoryAccount account, byte[] image) {
        this.account = account;
        account.check(JCudaDriver.cuModuleLoadData(module, image), "cuModuleLoadData", "the code of kernels");
    }

    /** Loads PTX from the class path, for example {@code kernels.ptx} beside {@code type}; only on the owner. */
    static KernelModule ofResource(MemoryAccount account, Class<?> type, String name) {
        try (InputStream in = type.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(
                        "%s is not beside %s on the class path".formatted(name, type.getName()));
            }
            byte[] text = in.readAllBytes();
            // The driver is given no length: a 0 ends the text.
            return new KernelModule(account, Arrays.copyOf(text, text.length + 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Loads a compiled image; only on the owner. */
    static KernelModule ofImage(MemoryAccount account, byte[] image) {
        return new KernelModule(account, image);
    }

    /** An entry point; the answer is kept. */
    synchronized CUfunction function(String name) {
        CUfunction known = functions.get(name);
        if (known != null) {
            return known;
        }
        CUfunction found = new CUfunction();
        // The driver may load a kernel only now.
        account.check(
                JCudaDriver.cuModuleGetFunction(found, module, name),
                "cuModuleGetFunction(" + name + ")",
                "the code of a kernel");
        functions.put(name, found);
        return found;
    }

    /** Only on the owner. */
    @Override
    public void close() {
        JCudaDriver.cuModuleUnload(module);
    }
}
