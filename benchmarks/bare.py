"""What the SDK does by itself: a server with one tool that gives back what it gets."""

from mcp.server.mcpserver import MCPServer

mcp = MCPServer("bare", log_level="WARNING")


@mcp.tool()
def echo(text: str) -> str:
    """Give back the text."""
    return text


if __name__ == "__main__":
    mcp.run()
