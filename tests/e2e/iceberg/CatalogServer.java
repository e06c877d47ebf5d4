// Apache's REST catalog over a catalog in SQLite, as RESTCatalogServer has it, but on loopback alone
// and at a port that the system chooses, which it prints. Settings are variables, CATALOG_WAREHOUSE
// and so on, as that server takes them.
package org.apache.iceberg.rest;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.catalog.Catalog;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

public class CatalogServer {
    public static void main(String[] args) throws Exception {
        Map<String, String> properties = new HashMap<>(RCKUtils.environmentCatalogConfig());
        properties.putIfAbsent("catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog");
        properties.putIfAbsent("uri", "jdbc:sqlite::memory:");
        properties.putIfAbsent("jdbc.schema-version", "V1");
        Catalog catalog = CatalogUtil.buildIcebergCatalog("backend", properties, new Configuration());
        RESTCatalogAdapter adapter = new RESTServerCatalogAdapter(
            new RESTCatalogServer.CatalogContext(catalog, properties));
        ServletContextHandler handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
        handler.addServlet(new ServletHolder(new RESTCatalogServlet(adapter)), "/*");
        Server server = new Server(new InetSocketAddress("127.0.0.1", 0));
        server.setHandler(handler);
        server.start();
        System.out.println(((ServerConnector) server.getConnectors()[0]).getLocalPort());
        System.out.flush();
        server.join();
    }
}
