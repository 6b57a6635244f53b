package io.dunlin.collectives.engine;

import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import java.io.IOException;
import java.nio.file.Path;

/** A node agent of {@link RankProcessTest}: runs a media driver until its input ends. */
final class ChildDriver {
    private ChildDriver() {}

    public static void main(String[] arguments) throws IOException {
        try (MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(Path.of(arguments[0]), 3))) {
            System.out.println("ready " + driver.directory());
            while (System.in.read() >= 0) {}
        }
    }
}
