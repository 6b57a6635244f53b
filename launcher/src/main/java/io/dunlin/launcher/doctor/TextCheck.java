package io.dunlin.launcher.doctor;

import io.dunlin.launcher.report.Readable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The bundled recipe trains on the Java sources inside the JDK. */
final class TextCheck implements Check {
    private final Path javaHome;

    TextCheck(Path javaHome) {
        this.javaHome = javaHome;
    }

    @Override
    public String title() {
        return "Text";
    }

    @Override
    public Finding look() throws IOException {
        Path sources = javaHome.resolve("lib/src.zip");
        return Files.isReadable(sources)
                ? new Finding.Ok("jdk-source is %s, %s".formatted(sources, Readable.bytes(Files.size(sources))))
                : new Finding.Warn(
                        "this JDK ships no lib/src.zip: jdk-source takes Dunlin's own sources instead, a small text",
                        "install the sources of your JDK, or train on your own text: --set data.text=PATH");
    }
}
