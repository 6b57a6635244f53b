package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The stand-in defines what JCuda's natives import: a name that is missing would end the JVM at its first call. */
class SymbolListTest {
    private static final int SECTION_DYNAMIC_SYMBOLS = 11;

    @ParameterizedTest
    @CsvSource({"JCudaDriver, cu, cuda", "JCublas2, cublas, cublas", "JNvrtc, nvrtc, nvrtc"})
    void shouldListEveryImport(String bridge, String prefix, String list) throws IOException {
        Set<String> listed =
                new TreeSet<>(Files.readAllLines(Path.of("src/test/cuda-standin/symbols-%s.txt".formatted(list))));
        String resource = "lib/lib%s-12.6.0-linux-x86_64.so".formatted(bridge);
        try (InputStream in = SymbolListTest.class.getClassLoader().getResourceAsStream(resource)) {
            assertThat(imports(ByteBuffer.wrap(in.readAllBytes()), prefix)).isEqualTo(listed);
        }
    }

    /** Names of the undefined symbols of a 64-bit ELF file that start with {@code prefix}. */
    private static Set<String> imports(ByteBuffer file, String prefix) {
        file.order(ByteOrder.LITTLE_ENDIAN);
        long sections = file.getLong(40);
        int sectionBytes = file.getShort(58);
        int count = file.getShort(60);
        Set<String> names = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            int header = (int) sections + i * sectionBytes;
            if (file.getInt(header + 4) != SECTION_DYNAMIC_SYMBOLS) {
                continue;
            }
            int strings = (int) file.getLong((int) sections + file.getInt(header + 40) * sectionBytes + 24);
            int start = (int) file.getLong(header + 24);
            int end = start + (int) file.getLong(header + 32);
            for (int symbol = start; symbol < end; symbol += 24) {
                boolean undefined = file.getShort(symbol + 6) == 0;
                String name = text(file, strings + file.getInt(symbol));
                if (undefined && name.startsWith(prefix)) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    private static String text(ByteBuffer file, int start) {
        int end = start;
        while (file.get(end) != 0) {
            end++;
        }
        byte[] bytes = new byte[end - start];
        file.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
