package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;
import jcuda.nvrtc.nvrtcResult;

/**
 * Compiles kernels of users with NVRTC, each once for a kind of GPU. Our own kernels need no compiler on the machine.
 *
 * <p>The result is code for one architecture and not PTX: a driver may be older than the compiler, and then would not
 * read its PTX.
 */
final class KernelCompiler {
    private final CubinCache cache;
    private final String architecture;
    private final String version;

    /**
     * Loads NVRTC.
     *
     * @param computeCapability for example {@code 80}
     */
    KernelCompiler(CudaOptions options, String computeCapability) {
        CudaNatives.loadCompiler(options);
        this.cache = new CubinCache(options.nativeCache().resolve("kernels"));
        this.architecture = "-arch=sm_" + computeCapability;
        int[] major = new int[1];
        int[] minor = new int[1];
        check(JNvrtc.nvrtcVersion(major, minor), "nvrtcVersion");
        this.version = major[0] + "." + minor[0];
    }

    /**
     * An image for {@link KernelModule#ofImage}.
     *
     * @param name of the source, for messages
     * @param source CUDA C++ that includes nothing
     * @param options of the compiler, for example {@code -DWIDTH=64}
     */
    byte[] compile(String name, String source, List<String> options) {
        String key = key(source, options);
        return cache.read(key).orElseGet(() -> {
            byte[] image = compileAnew(name, source, options);
            cache.write(key, image);
            return image;
        });
    }

    private byte[] compileAnew(String name, String source, List<String> options) {
        nvrtcProgram program = new nvrtcProgram();
        check(JNvrtc.nvrtcCreateProgram(program, source, name, 0, null, null), "nvrtcCreateProgram");
        try {
            List<String> all = new ArrayList<>(options);
            all.add(architecture);
            int status = JNvrtc.nvrtcCompileProgram(program, all.size(), all.toArray(String[]::new));
            if (status == nvrtcResult.NVRTC_ERROR_COMPILATION) {
                String[] log = new String[1];
                check(JNvrtc.nvrtcGetProgramLog(program, log), "nvrtcGetProgramLog");
                throw CudaException.doesNotCompile(name, log[0], status);
            }
            check(status, "nvrtcCompileProgram");
            long[] lengthBytes = new long[1];
            check(JNvrtc.nvrtcGetCUBINSize(program, lengthBytes), "nvrtcGetCUBINSize");
            byte[] image = new byte[Math.toIntExact(lengthBytes[0])];
            check(JNvrtc.nvrtcGetCUBIN(program, image), "nvrtcGetCUBIN");
            return image;
        } finally {
            JNvrtc.nvrtcDestroyProgram(program);
        }
    }

    private String key(String source, List<String> options) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : List.of(version, architecture, String.join("\0", options), source)) {
                digest.update(part.getBytes(UTF_8));
                digest.update((byte) 0);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void check(int status, String call) {
        if (status != nvrtcResult.NVRTC_SUCCESS) {
            throw CudaException.failed(call, nvrtcResult.stringFor(status), status);
        }
    }
}
