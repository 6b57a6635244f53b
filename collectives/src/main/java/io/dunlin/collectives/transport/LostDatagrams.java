package io.dunlin.collectives.transport;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ext.DebugReceiveChannelEndpoint;
import io.aeron.driver.ext.DebugSendChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A network that loses datagrams, in the driver itself: tests need no help of the kernel for it. Data is lost where it
 * arrives, and so are the receiver's answers.
 */
record LostDatagrams(DoubleSupplier share) {
    private static final long SEED = 7;
    private static final LossGenerator NONE = (address, buffer, length) -> false;

    /** Makes the driver of {@code context} lose. */
    void in(MediaDriver.Context context) {
        context.receiveChannelEndpointSupplier((channel, dispatcher, status, driver) ->
                        new DebugReceiveChannelEndpoint(channel, dispatcher, status, driver, losses(), NONE))
                .sendChannelEndpointSupplier((channel, status, driver) ->
                        new DebugSendChannelEndpoint(channel, status, driver, NONE, losses()));
    }

    private LossGenerator losses() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        return (address, buffer, length) -> random.nextDouble() < share.getAsDouble();
    }
}
